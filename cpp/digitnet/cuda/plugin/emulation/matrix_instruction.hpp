#pragma once
// matrix_instruction.cuh for the host: the lanes share their fragments, and each computes its part
// of the product from its own reading of the layout.

#include <cmath>
#include <cstring>

namespace digitnet::cuda {

inline std::uint32_t bits_of(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}
inline float float_of(std::uint32_t bits) {
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// To 10 bits of fraction, halves away from zero.
inline std::uint32_t to_tf32(float value) {
  if (!std::isfinite(value)) return bits_of(value);
  return (bits_of(value) + 0x1000U) & ~0x1FFFU;
}

// To 7 bits of fraction, halves to even.
inline std::uint32_t to_bfloat16(float value) {
  const std::uint32_t bits = bits_of(value);
  if (std::isnan(value)) return 0x7FFFU;
  return (bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16;
}
inline std::uint32_t to_bfloat16_pair(float low, float high) {
  return to_bfloat16(low) | to_bfloat16(high) << 16;
}

// a_of(row, k) and b_of(k, column) of the warp's matrices; the products are exact, their sum is
// rounded after every term, in ascending k (the hardware's own order is not documented).
template <class A, class B>
void add_products(float (&d)[4], int depth, A a_of, B b_of) {
  const int group = thread_index() % kWarp / 4, t = thread_index() % 4;
  for (int i = 0; i < 4; ++i) {
    const int row = group + (i / 2) * 8, column = 2 * t + i % 2;
    for (int k = 0; k < depth; ++k) d[i] = std::fmaf(a_of(row, k), b_of(k, column), d[i]);
  }
}

inline void multiply_tf32(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  std::uint32_t as[kWarp][4], bs[kWarp][2];
  emulation::share_in_warp(a, sizeof a, as);
  emulation::share_in_warp(b, sizeof b, bs);
  const auto a_of = [&](int row, int k) {
    return float_of(as[row % 8 * 4 + k % 4][row / 8 + k / 4 * 2]);
  };
  const auto b_of = [&](int k, int column) { return float_of(bs[column * 4 + k % 4][k / 4]); };
  add_products(d, 8, a_of, b_of);
}

inline void multiply_bfloat16(float (&d)[4], const std::uint32_t (&a)[4],
                              const std::uint32_t (&b)[2]) {
  std::uint32_t as[kWarp][4], bs[kWarp][2];
  emulation::share_in_warp(a, sizeof a, as);
  emulation::share_in_warp(b, sizeof b, bs);
  const auto half = [](std::uint32_t pair, int k) {
    return float_of(k % 2 == 0 ? pair << 16 : pair & 0xFFFF0000U);
  };
  const auto a_of = [&](int row, int k) {
    return half(as[row % 8 * 4 + k % 8 / 2][row / 8 + k / 8 * 2], k);
  };
  const auto b_of = [&](int k, int column) { return half(bs[column * 4 + k % 8 / 2][k / 8], k); };
  add_products(d, 16, a_of, b_of);
}

}  // namespace digitnet::cuda
