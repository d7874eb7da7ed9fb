#pragma once
// Conversion, products, sums and the optimizer, after vector_avx2.hpp or vector_avx512.hpp.

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

// w without its weight decay; gradient with its L2 term.
struct SgdStep {
  Vec l2, decay, rate, momentum;

  DIGITNET_INLINE Vec gradient(Vec w, Vec g) const { return fma(l2, w, g); }
  DIGITNET_INLINE Vec decayed(Vec w) const { return fnma(w, decay, w); }
};

template <bool kNesterov>
void momentum_step(const SgdStep& step, int64_t count, float* w, const float* g, float* velocity) {
  for (int64_t i = 0; i < count; i += kLanes) {
    const Vec old = load(w + i), gradient = step.gradient(old, load(g + i));
    const Vec v = fnma(step.rate, gradient, mul(step.momentum, load(velocity + i)));
    const Vec move = kNesterov ? fnma(step.rate, gradient, mul(step.momentum, v)) : v;
    store(velocity + i, v);
    store(w + i, add(step.decayed(old), move));
  }
}

void sgd_step(const Sgd& sgd, float l2, int64_t count, float* w, const float* g, float* velocity) {
  const SgdStep step{broadcast(l2), broadcast(sgd.weight_decay * sgd.learning_rate),
                     broadcast(sgd.learning_rate), broadcast(sgd.momentum)};
  if (sgd.momentum != 0) {
    return sgd.nesterov ? momentum_step<true>(step, count, w, g, velocity)
                        : momentum_step<false>(step, count, w, g, velocity);
  }
  if (l2 == 0.0F && sgd.weight_decay == 0.0F) {
    for (int64_t i = 0; i < count; i += kLanes) {
      const Vec gradient = load(g + i);
      // Pixels that are zero all through a batch: their weights need not even be read.
      if (!any_nonzero(gradient)) continue;
      store(w + i, fnma(step.rate, gradient, load(w + i)));
    }
    return;
  }
  for (int64_t i = 0; i < count; i += kLanes) {
    const Vec old = load(w + i);
    store(w + i, fnma(step.rate, step.gradient(old, load(g + i)), step.decayed(old)));
  }
}

double sum_squares(int64_t count, const float* w) {
  Double16 sum = zero_double();
  for (int64_t i = 0; i < count; i += kLanes) sum = add_square(sum, load(w + i));
  return reduce_add(sum);
}

}  // namespace
}  // namespace digitnet::cpu
