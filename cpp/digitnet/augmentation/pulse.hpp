#pragma once
// How long work is stopped, without asking at every step.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>

namespace digitnet::augmentation {

// Called about every 50 ms; a throw ends the work.
using Interruption = std::function<void()>;

// What a member throws when another one has ended the work.
struct Stopped : std::exception {};

// Of one member of a team. Only one of them, the caller's thread, has an interruption to call.
class Pulse {
 public:
  Pulse(const std::atomic<bool>& stopped, const Interruption* interruption)
      : stopped_(stopped), interruption_(interruption) {}

  // To be told of every some hundred or thousand operations. Throws what the interruption throws,
  // or Stopped.
  void count(std::int64_t operations) {
    operations_ += operations;
    if (operations_ >= kOperations) look();
  }

 private:
  static constexpr std::int64_t kOperations = std::int64_t{1} << 20;  // below 1 ms

  void look() {
    operations_ = 0;
    if (stopped_.load(std::memory_order_relaxed)) throw Stopped();
    if (interruption_ == nullptr || !*interruption_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(50)) return;
    (*interruption_)();
    last_ = std::chrono::steady_clock::now();
  }

  const std::atomic<bool>& stopped_;
  const Interruption* interruption_;
  std::int64_t operations_ = 0;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace digitnet::augmentation
