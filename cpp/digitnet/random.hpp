#pragma once
// One counter-based generator for everything random: a value depends on (seed, counter) alone, so
// any thread and any device can draw its own part of a stream. Philox 4x32 with 10 rounds: Salmon,
// Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

#include <array>
#include <cstdint>
#include <vector>

namespace digitnet {

using PhiloxBlock = std::array<std::uint32_t, 4>;

inline constexpr std::uint32_t kPhiloxM0 = 0xD2511F53U, kPhiloxM1 = 0xCD9E8D57U;
inline constexpr std::uint32_t kPhiloxW0 = 0x9E3779B9U, kPhiloxW1 = 0xBB67AE85U;
inline constexpr int kPhiloxRounds = 10;

PhiloxBlock philox(std::uint64_t seed, const PhiloxBlock& counter);

// What a stream is for; the last word of its counters, so that no two uses share a value.
enum class Stream : std::uint32_t {
  kInitializer = 1,
  kShuffle = 2,
  kDropout = 3,
  kAugmentation = 4
};

// Draws from one stream in sequence.
class Random {
 public:
  Random(std::uint64_t seed, Stream stream, std::uint64_t substream = 0);

  std::uint32_t next_word();
  double uniform();                          // in [0, 1), 53 random bits
  double normal();                           // mean 0, standard deviation 1 (Box-Muller)
  std::uint32_t below(std::uint32_t bound);  // unbiased, in [0, bound), bound > 0

 private:
  std::uint64_t seed_, substream_, block_ = 0;
  Stream stream_;
  PhiloxBlock words_{};
  int used_ = 4;
};

// The order in which epoch number `epoch` of a run visits `count` samples: a Fisher-Yates shuffle.
std::vector<std::uint32_t> shuffled_order(std::uint32_t count, std::uint64_t seed,
                                          std::uint64_t epoch);

}  // namespace digitnet
