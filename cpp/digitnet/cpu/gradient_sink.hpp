#pragma once
// The gradient itself, from its tiles.

#include "digitnet/cpu/training_run.hpp"

namespace digitnet::cpu {

// Collects the gradient of the mean loss, the L2 penalty included.
class GradientSink : public TileSink {
 public:
  GradientSink(const Panels& dense, Panels& gradients) : dense_(dense), gradients_(gradients) {}

  void take(const GradientTile& tile, float* kernel, float* bias) override {
    const ParameterPanels& w = dense_[tile.dense];
    ParameterPanels& g = gradients_[tile.dense];
    const int64_t at = tile.row * kPanel;
    const float* weights = w.kernel(tile.panel) + at;
    float* out = g.kernel(tile.panel) + at;
    for (int64_t i = 0; i < tile.rows * kPanel; ++i)
      out[i] = kernel[i] + 2 * w.kernel_l2() * weights[i];
    if (bias == nullptr) return;
    for (int64_t i = 0; i < kPanel; ++i) g.bias(tile.panel)[i] = bias[i];
  }

 private:
  const Panels& dense_;
  Panels& gradients_;
};

}  // namespace digitnet::cpu
