#pragma once
// Fields of random displacements and their smoothing, after dropout-inl.hpp.

#include "digitnet/cpu/dropout-inl.hpp"
#include "digitnet/cpu/kernel_table.hpp"

namespace digitnet::cpu {
namespace {

// (2 x - 65535) / 65536 of the low half of each lane; exact.
DIGITNET_INLINE Vec signed_unit(Int x) {
  const Vec value = to_float(bit_and(x, broadcast_int(0xFFFFU)));
  return add(mul(value, broadcast(1.0F / 32768.0F)), broadcast(-65535.0F / 65536.0F));
}

void noise(const Noise& args) {
  const PhiloxKeys keys = philox_keys(args.seed);
  const Int blocks = load_int(kBlockOfLane);
  for (int64_t i = 0; i < args.count; i += 4 * kLanes) {
    const std::uint32_t first = args.counter[0] + static_cast<std::uint32_t>(i / 4);
    Int words[4] = {add(blocks, broadcast_int(first)), broadcast_int(args.counter[1]),
                    broadcast_int(args.counter[2]), broadcast_int(args.counter[3])};
    philox16(keys, words);
    Vec bits[4];
    for (int v = 0; v < 4; ++v) bits[v] = float_from_bits(words[v]);
    transpose_groups(bits[0], bits[1], bits[2], bits[3]);
    for (int v = 0; v < 4; ++v) {
      const Int word = bits_of(bits[v]);
      store(args.low + i + v * kLanes, signed_unit(word));
      store(args.high + i + v * kLanes, signed_unit(shift_right_signed<16>(word)));
    }
  }
}

// A multiplication and an addition, each rounded, where the other kernels fuse: the generic ones
// cannot, and here the same bits are asked of all. kVectors sums side by side hide their latency.
template <int kVectors>
DIGITNET_INLINE void filter_columns(const Filter& args, int64_t column) {
  Vec sum[kVectors];
  for (Vec& s : sum) s = zero();
  const float* in = args.in + column;
  for (int64_t k = 0; k < args.taps; ++k, in += args.step) {
    const Vec weight = broadcast(args.weights[k]);
    for (int v = 0; v < kVectors; ++v) sum[v] = add(sum[v], mul(weight, loadu(in + v * kLanes)));
  }
  for (int v = 0; v < kVectors; ++v) store(args.out + column + v * kLanes, sum[v]);
}

void filter(const Filter& args) {
  int64_t j = 0;
  for (; args.cols - j > kPanel; j += 2 * kPanel) filter_columns<4>(args, j);
  if (j < args.cols) filter_columns<2>(args, j);
}

}  // namespace
}  // namespace digitnet::cpu
