#include "digitnet/random.hpp"

#include <cmath>
#include <numeric>
#include <utility>

namespace digitnet {
namespace {

constexpr double kPi = 3.14159265358979323846;

std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }
std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }

}  // namespace

PhiloxBlock philox(std::uint64_t seed, const PhiloxBlock& counter) {
  PhiloxBlock c = counter;
  std::uint32_t k0 = low(seed), k1 = high(seed);
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const std::uint64_t p0 = std::uint64_t{kPhiloxM0} * c[0];
    const std::uint64_t p1 = std::uint64_t{kPhiloxM1} * c[2];
    c = {high(p1) ^ c[1] ^ k0, low(p1), high(p0) ^ c[3] ^ k1, low(p0)};
    k0 += kPhiloxW0;
    k1 += kPhiloxW1;
  }
  return c;
}

Random::Random(std::uint64_t seed, Stream stream, std::uint64_t substream)
    : seed_(seed), substream_(substream), stream_(stream) {}

std::uint32_t Random::next_word() {
  if (used_ == 4) {
    // 2^40 blocks of a substream; the top byte keeps the streams apart.
    words_ = philox(seed_, {low(block_), low(substream_), high(substream_),
                            (high(block_) << 8) | static_cast<std::uint32_t>(stream_)});
    ++block_;
    used_ = 0;
  }
  return words_[static_cast<std::size_t>(used_++)];
}

double Random::uniform() {
  const std::uint64_t a = next_word() >> 5, b = next_word() >> 6;
  return static_cast<double>((a << 26) | b) / 9007199254740992.0;  // 2^53
}

double Random::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * kPi * uniform());
}

std::uint32_t Random::below(std::uint32_t bound) {
  // Lemire's multiply-and-reject (ACM TOMACS 29, 2019): the high word of word * bound, made
  // unbiased.
  const std::uint32_t rejected = (0U - bound) % bound;
  while (true) {
    const std::uint64_t product = std::uint64_t{next_word()} * bound;
    if (low(product) >= rejected) return high(product);
  }
}

std::vector<std::uint32_t> shuffled_order(std::uint32_t count, std::uint64_t seed,
                                          std::uint64_t epoch) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  Random random(seed, Stream::kShuffle, epoch);
  for (std::uint32_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace digitnet
