#pragma once
// Dropout masks: Philox 4x32-10 (see random.hpp) on sixteen counters at a time.

#include "digitnet/cpu/kernel_table.hpp"
#include "digitnet/random.hpp"

namespace digitnet::cpu {
namespace {

struct PhiloxKeys {
  std::uint32_t first[kPhiloxRounds], second[kPhiloxRounds];
};

DIGITNET_INLINE PhiloxKeys philox_keys(std::uint64_t seed) {
  PhiloxKeys keys;
  auto first = static_cast<std::uint32_t>(seed), second = static_cast<std::uint32_t>(seed >> 32);
  for (int i = 0; i < kPhiloxRounds; ++i, first += kPhiloxW0, second += kPhiloxW1) {
    keys.first[i] = first;
    keys.second[i] = second;
  }
  return keys;
}

// On eight counters, in the low halves of 64-bit lanes, as the 32 x 32 -> 64 bit multiplication
// wants them. The high halves are ignored and may hold anything.
DIGITNET_INLINE void philox_round(Int& c0, Int& c1, Int& c2, Int& c3, Int key0, Int key1) {
  const Int p0 = multiply_even(c0, broadcast_int(kPhiloxM0));
  const Int p1 = multiply_even(c2, broadcast_int(kPhiloxM1));
  c0 = bit_xor(bit_xor(odd_to_even(p1), c1), key0);
  c1 = p1;
  c2 = bit_xor(bit_xor(odd_to_even(p0), c3), key1);
  c3 = p0;
}

// c[i] becomes word i of the blocks of the sixteen counters (c[0], c[1], c[2], c[3]).
DIGITNET_INLINE void philox16(const PhiloxKeys& keys, Int c[4]) {
  Int even[4], odd[4];
  for (int i = 0; i < 4; ++i) {
    even[i] = c[i];
    odd[i] = odd_to_even(c[i]);
  }
  for (int i = 0; i < kPhiloxRounds; ++i) {
    const Int key0 = broadcast_int(keys.first[i]), key1 = broadcast_int(keys.second[i]);
    philox_round(even[0], even[1], even[2], even[3], key0, key1);
    philox_round(odd[0], odd[1], odd[2], odd[3], key0, key1);
  }
  for (int i = 0; i < 4; ++i) c[i] = merge_even(even[i], odd[i]);
}

// Lane 4k + j works on block 4j + k: then transposing the groups of four lanes puts blocks 4j ..
// 4j+3, columns 16j .. 16j+15, into vector j, in order.
constexpr std::uint32_t kBlockOfLane[kLanes] = {0, 4, 8,  12, 1, 5, 9,  13,
                                                2, 6, 10, 14, 3, 7, 11, 15};

void dropout_mask(const DropoutMask& args) {
  const PhiloxKeys keys = philox_keys(args.seed);
  const Int threshold =
      broadcast_int(static_cast<std::uint32_t>(static_cast<double>(args.rate) * 4294967296.0));
  const Vec kept = broadcast(1.0F / (1.0F - args.rate));
  const Int blocks = load_int(kBlockOfLane);
  const auto stream = args.layer << 8 | static_cast<std::uint32_t>(Stream::kDropout);
  for (int64_t r = 0; r < args.rows; ++r) {
    float* mask = args.mask + r * args.mask_stride;
    for (int64_t c = 0; c < args.cols; c += 4 * kLanes) {
      Int words[4] = {broadcast_int(args.first_row + static_cast<std::uint32_t>(r)),
                      add(blocks, broadcast_int(static_cast<std::uint32_t>(c / 4))),
                      broadcast_int(static_cast<std::uint32_t>(args.iteration)),
                      broadcast_int(stream)};
      philox16(keys, words);
      Vec out[4];
      for (int i = 0; i < 4; ++i) out[i] = select(less_unsigned(words[i], threshold), zero(), kept);
      transpose_groups(out[0], out[1], out[2], out[3]);
      for (int i = 0; i < 4; ++i) {
        const int64_t column = c + i * kLanes;
        if (column < args.cols) {
          store(mask + column, keep(first_lanes(args.cols - column), out[i]));
        }
      }
    }
  }
}

}  // namespace
}  // namespace digitnet::cpu
