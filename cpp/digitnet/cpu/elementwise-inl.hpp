#pragma once
// Conversion, products and sums, after vector_avx2.hpp or vector_avx512.hpp.

#include "digitnet/cpu/kernel_table.hpp"

namespace digitnet::cpu {
namespace {

void convert_u8(const std::uint8_t* src, int64_t src_step, int64_t count, float scale, float offset,
                float* dst) {
  int64_t i = 0;
  if (src_step == 1) {
    const Vec factor = broadcast(scale), shift = broadcast(offset);
    for (; i + kLanes <= count; i += kLanes) {
      store(dst + i, add(mul(load_u8(src + i), factor), shift));
    }
  }
  for (; i < count; ++i) dst[i] = static_cast<float>(src[i * src_step]) * scale + offset;
}

void convert_f32(const float* src, int64_t src_step, int64_t count, float scale, float offset,
                 float* dst) {
  int64_t i = 0;
  if (src_step == 1) {
    const Vec factor = broadcast(scale), shift = broadcast(offset);
    for (; i + kLanes <= count; i += kLanes) {
      store(dst + i, add(mul(loadu(src + i), factor), shift));
    }
  }
  for (; i < count; ++i) dst[i] = src[i * src_step] * scale + offset;
}

// The padding is zero in x and y, so in out.
void product(int64_t rows, int64_t cols, const float* x, const float* y, float* out,
             int64_t stride) {
  for (int64_t r = 0; r < rows; ++r, x += stride, y += stride, out += stride) {
    for (int64_t c = 0; c < cols; c += kLanes) store(out + c, mul(load(x + c), load(y + c)));
  }
}

// kVectors vectors of columns side by side, so that their additions overlap.
template <int kVectors>
DIGITNET_INLINE void sum_columns(int64_t rows, int64_t cols, const float* d, int64_t d_stride,
                                 float* sums) {
  Vec sum[kVectors];
  for (Vec& s : sum) s = zero();
  for (int64_t r = 0; r < rows; ++r, d += d_stride) {
    for (int v = 0; v < kVectors; ++v) sum[v] = add(sum[v], load(d + v * kLanes));
  }
  for (int v = 0; v < kVectors; ++v, sums += kLanes, cols -= kLanes) {
    store_n(sums, add(load_n(sums, cols), sum[v]), cols);
  }
}

void sum_rows(int64_t rows, int64_t cols, const float* d, int64_t d_stride, float* sums) {
  int64_t c = 0;
  for (; c + 4 * kLanes <= cols; c += 4 * kLanes) {
    sum_columns<4>(rows, cols - c, d + c, d_stride, sums + c);
  }
  for (; c < cols; c += kLanes) sum_columns<1>(rows, cols - c, d + c, d_stride, sums + c);
}

double sum_squares(int64_t count, const float* w) {
  Double16 sum = zero_double();
  for (int64_t i = 0; i < count; i += kLanes) sum = add_square(sum, load(w + i));
  return reduce_add(sum);
}

}  // namespace
}  // namespace digitnet::cpu
