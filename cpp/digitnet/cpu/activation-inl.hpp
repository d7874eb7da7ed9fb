#pragma once
// Activations and their derivatives on padded matrices, after math-inl.hpp.

#include "digitnet/cpu/kernel_table.hpp"

namespace digitnet::cpu {
namespace {

// y = f(x) elementwise over a padded matrix; zeros in the padding. x and y may be the same.
template <class Function>
DIGITNET_INLINE void map(int64_t rows, int64_t cols, const float* x, float* y, int64_t stride,
                         Function f) {
  for (int64_t r = 0; r < rows; ++r, x += stride, y += stride) {
    for (int64_t c = 0; c < cols; c += kLanes) {
      Vec value = f(load(x + c));
      if (cols - c < kLanes) value = keep(first_lanes(cols - c), value);
      store(y + c, value);
    }
  }
}

// d = f(x, d) elementwise; x and d padded, zeros in the padding of d.
template <class Function>
DIGITNET_INLINE void map_gradient(int64_t rows, int64_t cols, const float* x, int64_t stride,
                                  float* d, int64_t d_stride, Function f) {
  for (int64_t r = 0; r < rows; ++r, x += stride, d += d_stride) {
    for (int64_t c = 0; c < cols; c += kLanes) {
      Vec value = f(load(x + c), load(d + c));
      if (cols - c < kLanes) value = keep(first_lanes(cols - c), value);
      store(d + c, value);
    }
  }
}

// The maximum of a row, its padding left out.
DIGITNET_INLINE Vec row_maximum(const float* z, int64_t cols) {
  const Vec lowest = broadcast(-INFINITY);
  Vec maximum = lowest;
  for (int64_t c = 0; c < cols; c += kLanes) {
    Vec value = load(z + c);
    if (cols - c < kLanes) value = select(first_lanes(cols - c), value, lowest);
    maximum = max(maximum, value);
  }
  return broadcast(reduce_max(maximum));
}

void softmax(int64_t rows, int64_t cols, const float* z, float* a, int64_t stride) {
  for (int64_t r = 0; r < rows; ++r, z += stride, a += stride) {
    const Vec maximum = row_maximum(z, cols);
    Vec sum = zero();
    for (int64_t c = 0; c < cols; c += kLanes) {
      Vec e = exp(sub(load(z + c), maximum));
      if (cols - c < kLanes) e = keep(first_lanes(cols - c), e);
      store(a + c, e);
      sum = add(sum, e);
    }
    const Vec factor = broadcast(1.0F / reduce_add(sum));
    for (int64_t c = 0; c < cols; c += kLanes) {
      Vec p = mul(load(a + c), factor);
      if (cols - c < kLanes) p = keep(first_lanes(cols - c), p);
      store(a + c, p);
    }
  }
}

// dz = a (da - sum over the row of da a)
void softmax_backward(int64_t rows, int64_t cols, const float* a, int64_t stride, float* d,
                      int64_t d_stride) {
  for (int64_t r = 0; r < rows; ++r, a += stride, d += d_stride) {
    Vec sum = zero();
    for (int64_t c = 0; c < cols; c += kLanes) sum = fma(load(d + c), load(a + c), sum);
    const Vec mean = broadcast(reduce_add(sum));
    for (int64_t c = 0; c < cols; c += kLanes) {
      Vec value = mul(load(a + c), sub(load(d + c), mean));
      if (cols - c < kLanes) value = keep(first_lanes(cols - c), value);
      store(d + c, value);
    }
  }
}

DIGITNET_INLINE Vec softplus(Vec z) { return add(max(zero(), z), log1p(exp(negate(abs(z))))); }

// erf(z / sqrt 2), of which (1 + erf) / 2 is the normal distribution function
DIGITNET_INLINE Vec normal_erf(Vec z) { return erf(mul(z, broadcast(0x1.6a09e6p-1F))); }

DIGITNET_INLINE Vec gelu(Vec z) {
  return mul(mul(z, broadcast(0.5F)), add(broadcast(1.0F), normal_erf(z)));
}
DIGITNET_INLINE Vec gelu_derivative(Vec z) {
  const Vec half = broadcast(0.5F);
  const Vec density = exp(mul(mul(z, z), broadcast(-0.5F)));  // times 1 / sqrt(2 pi)
  return fma(mul(z, density), broadcast(0x1.988454p-2F), fma(half, normal_erf(z), half));
}
DIGITNET_INLINE Vec silu_derivative(Vec z) {
  const Vec one = broadcast(1.0F), s = sigmoid(z);
  return mul(s, fma(z, sub(one, s), one));
}

void activate(Activation activation, float alpha, int64_t rows, int64_t cols, const float* z,
              float* a, int64_t stride) {
  const Vec slope = broadcast(alpha);
  switch (activation) {
    case Activation::kLinear:
      if (a != z) map(rows, cols, z, a, stride, [](Vec x) { return x; });
      return;
    case Activation::kRelu:  // max(0, z), not max(z, 0): NaN stays NaN
      return map(rows, cols, z, a, stride, [](Vec x) { return max(zero(), x); });
    case Activation::kLeakyRelu:
      return map(rows, cols, z, a, stride,
                 [=](Vec x) { return select(less(zero(), x), x, mul(slope, x)); });
    case Activation::kElu:
      return map(rows, cols, z, a, stride, [=](Vec x) {
        return select(less(zero(), x), x, mul(slope, expm1(min(zero(), x))));
      });
    case Activation::kSigmoid:
      return map(rows, cols, z, a, stride, [](Vec x) { return sigmoid(x); });
    case Activation::kTanh: return map(rows, cols, z, a, stride, [](Vec x) { return tanh(x); });
    case Activation::kSoftplus:
      return map(rows, cols, z, a, stride, [](Vec x) { return softplus(x); });
    case Activation::kSilu:
      return map(rows, cols, z, a, stride, [](Vec x) { return mul(x, sigmoid(x)); });
    case Activation::kGelu: return map(rows, cols, z, a, stride, [](Vec x) { return gelu(x); });
    case Activation::kSoftmax: return softmax(rows, cols, z, a, stride);
  }
}

void activate_backward(Activation activation, float alpha, int64_t rows, int64_t cols,
                       const float* z, const float* a, int64_t stride, float* d, int64_t d_stride) {
  const Vec slope = broadcast(alpha), one = broadcast(1.0F);
  const auto from = [=](const float* x, auto f) {
    map_gradient(rows, cols, x, stride, d, d_stride, f);
  };
  switch (activation) {
    case Activation::kLinear: return;
    case Activation::kRelu: return from(a, [](Vec y, Vec dy) { return keep(less(zero(), y), dy); });
    case Activation::kLeakyRelu:
      return from(a, [=](Vec y, Vec dy) { return select(less(zero(), y), dy, mul(slope, dy)); });
    case Activation::kElu:  // alpha exp(z) = a + alpha where z <= 0
      return from(
          a, [=](Vec y, Vec dy) { return select(less(zero(), y), dy, mul(dy, add(y, slope))); });
    case Activation::kSigmoid:
      return from(a, [=](Vec y, Vec dy) { return mul(dy, mul(y, sub(one, y))); });
    case Activation::kTanh: return from(a, [=](Vec y, Vec dy) { return mul(dy, fnma(y, y, one)); });
    case Activation::kSoftplus:  // sigmoid(z) = 1 - exp(-a)
      return from(a, [](Vec y, Vec dy) { return mul(dy, negate(expm1(negate(y)))); });
    case Activation::kSilu:
      return from(z, [](Vec x, Vec dy) { return mul(dy, silu_derivative(x)); });
    case Activation::kGelu:
      return from(z, [](Vec x, Vec dy) { return mul(dy, gelu_derivative(x)); });
    case Activation::kSoftmax: return softmax_backward(rows, cols, a, stride, d, d_stride);
  }
}

}  // namespace
}  // namespace digitnet::cpu
