#pragma once
// One step of the optimizer on one parameter, rounded as in cpu/elementwise-inl.hpp.

#include "digitnet/cuda/plugin/arithmetic.cuh"
#include "digitnet/optimizer.hpp"

namespace digitnet::cuda {

// l2: the gradient gains l2 w. v: null without momentum.
DIGITNET_DEVICE void descend(const Sgd& sgd, float l2, float gradient, float* w, float* v) {
  const float rate = sgd.learning_rate, decay = times(sgd.weight_decay, rate);
  const float old = *w, slope = fused(l2, old, gradient), kept = fused(-old, decay, old);
  if (v == nullptr) {
    *w = fused(-rate, slope, kept);
    return;
  }
  *v = fused(-rate, slope, times(sgd.momentum, *v));
  const float move = sgd.nesterov ? fused(-rate, slope, times(sgd.momentum, *v)) : *v;
  *w = plus(kept, move);
}

}  // namespace digitnet::cuda
