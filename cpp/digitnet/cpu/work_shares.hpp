#pragma once
// The items of a phase, shared out among a team whose members help each other.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

namespace digitnet::cpu {

// Every member takes the items of its own share in ascending order, then those at the end of
// others' shares. A team that runs evenly meets the same items in every step, which lie in its
// caches; where shares cost unlike, or a processor serves another process too, nobody waits long.
class WorkShares {
 public:
  struct Item {
    int owner;           // of the share
    std::int64_t index;  // in the share
  };

  explicit WorkShares(int members) : shares_(static_cast<std::size_t>(members)) {}

  // Puts items 0 .. count - 1, fewer than 2^32, into the member's share. A barrier stands between
  // this and any take of them, and between the last take of those before and this.
  void open(int member, std::int64_t count) {
    share_of(member).store(static_cast<std::uint64_t>(count), std::memory_order_relaxed);
  }

  // Nothing: the member's share is done, and those that it looks at.
  std::optional<Item> take(int member) {
    if (const auto index = take_first(share_of(member))) return Item{member, *index};
    const int members = static_cast<int>(shares_.size());
    for (int i = 1; i <= std::min(kHelped, members - 1); ++i) {
      const int owner = (member + i) % members;
      if (const auto index = take_last(share_of(owner))) return Item{owner, *index};
    }
    return std::nullopt;
  }

 private:
  // How many others a member helps: to look at all of a large team would cost microseconds.
  static constexpr int kHelped = 4;

  // What is left of a share, in one word, so that nobody takes what another has: the first item in
  // its upper half, behind the last one in its lower half.
  struct alignas(64) Share {
    std::atomic<std::uint64_t> left{0};
  };
  static constexpr std::uint64_t kFirst = std::uint64_t{1} << 32;

  static std::uint64_t first_of(std::uint64_t left) { return left / kFirst; }
  static std::uint64_t end_of(std::uint64_t left) { return left % kFirst; }

  static std::optional<std::int64_t> take_first(std::atomic<std::uint64_t>& share) {
    std::uint64_t left = share.load(std::memory_order_relaxed);
    while (first_of(left) < end_of(left))
      if (share.compare_exchange_weak(left, left + kFirst, std::memory_order_relaxed))
        return static_cast<std::int64_t>(first_of(left));
    return std::nullopt;
  }

  static std::optional<std::int64_t> take_last(std::atomic<std::uint64_t>& share) {
    std::uint64_t left = share.load(std::memory_order_relaxed);
    while (first_of(left) < end_of(left))
      if (share.compare_exchange_weak(left, left - 1, std::memory_order_relaxed))
        return static_cast<std::int64_t>(end_of(left)) - 1;
    return std::nullopt;
  }

  std::atomic<std::uint64_t>& share_of(int member) {
    return shares_[static_cast<std::size_t>(member)].left;
  }

  std::vector<Share> shares_;
};

}  // namespace digitnet::cpu
