#pragma once
// The optimizers' steps, after vector_avx2.hpp or vector_avx512.hpp.

#include "digitnet/cpu/kernel_table.hpp"

namespace digitnet::cpu {
namespace {

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

// No fused multiply-adds: a step bound by memory gains nothing from them, and so all instruction
// sets give the same bits.
void adam_step(const AdamStep& step, float l2, int64_t count, float* w, const float* g, float* m,
               float* v) {
  const Vec penalty = broadcast(l2), decay = broadcast(step.decay);
  const Vec gain_1 = broadcast(step.gain_1), gain_2 = broadcast(step.gain_2);
  const Vec alpha = broadcast(step.alpha), epsilon = broadcast(step.epsilon);
  for (int64_t i = 0; i < count; i += kLanes) {
    const Vec old = load(w + i), old_m = load(m + i), old_v = load(v + i);
    const Vec gradient = add(load(g + i), mul(penalty, old));
    const Vec new_m = add(old_m, mul(sub(gradient, old_m), gain_1));
    const Vec new_v = add(old_v, mul(sub(mul(gradient, gradient), old_v), gain_2));
    const Vec move = div(mul(new_m, alpha), add(sqrt(new_v), epsilon));
    store(m + i, new_m);
    store(v + i, new_v);
    store(w + i, sub(sub(old, mul(old, decay)), move));
  }
}

void clip_gradient(const Clip& clip, int64_t count, const float* w, float* g) {
  const Vec l2 = broadcast(clip.l2), scale = broadcast(clip.scale);
  const Vec least = broadcast(-clip.limit), most = broadcast(clip.limit);
  for (int64_t i = 0; i < count; i += kLanes) {
    const Vec gradient = mul(add(load(g + i), mul(l2, load(w + i))), scale);
    store(g + i, min(most, max(least, gradient)));  // in this order they keep NaN
  }
}

void max_norm(int64_t rows, float limit, float* w) {
  constexpr int kVectors = kPanel / kLanes;
  constexpr int64_t kBlock = 32;
  Vec squares[kVectors];
  for (Vec& s : squares) s = zero();
  for (int64_t begin = 0; begin < rows; begin += kBlock) {
    const int64_t end = begin + kBlock < rows ? begin + kBlock : rows;
    Vec sum[kVectors];
    for (Vec& s : sum) s = zero();
    for (int64_t r = begin; r < end; ++r) {
      for (int k = 0; k < kVectors; ++k) {
        const Vec x = load(w + r * kPanel + k * kLanes);
        sum[k] = add(sum[k], mul(x, x));
      }
    }
    for (int k = 0; k < kVectors; ++k) squares[k] = add(squares[k], sum[k]);
  }
  Vec factor[kVectors];
  for (int k = 0; k < kVectors; ++k) {
    const Vec norm = sqrt(squares[k]);
    factor[k] = div(min(broadcast(limit), norm), add(broadcast(1e-7F), norm));
  }
  for (int64_t r = 0; r < rows; ++r) {
    for (int k = 0; k < kVectors; ++k) {
      float* at = w + r * kPanel + k * kLanes;
      store(at, mul(load(at), factor[k]));
    }
  }
}

}  // namespace
}  // namespace digitnet::cpu
