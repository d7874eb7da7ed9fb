#pragma once
// What becomes of a gradient tile: an optimizer step on the spot, or a place in a gradient.

#include "digitnet/cpu/training_run.hpp"

namespace digitnet::cpu {

// One SGD step on the tile's parameters (with its gradient and the penalty l2 |kernel|^2). kernel,
// bias: null where the tile does not hold that gradient; velocity: null without momentum.
inline void apply_sgd(const KernelTable& kernels, const Sgd& sgd, float l2,
                      const GradientTile& tile, const float* kernel, const float* bias,
                      Panels& dense, Panels* velocity) {
  ParameterPanels& w = dense[tile.dense];
  ParameterPanels* v = velocity != nullptr ? &(*velocity)[tile.dense] : nullptr;
  const int64_t at = tile.row * kPanel;
  if (kernel != nullptr)  // d(l2 w^2) / dw = 2 l2 w
    kernels.sgd(sgd, 2 * l2, tile.rows * kPanel, w.kernel(tile.panel) + at, kernel,
                v != nullptr ? v->kernel(tile.panel) + at : nullptr);
  if (bias != nullptr && w.has_bias())
    kernels.sgd(sgd, 0, kPanel, w.bias(tile.panel), bias,
                v != nullptr ? v->bias(tile.panel) : nullptr);
}

// Applies SGD to the tile's parameters while the gradient is in the nearest cache.
class SgdSink : public TileSink {
 public:
  SgdSink(const KernelTable& kernels, const Sgd& sgd, Panels& dense, Panels* velocity)
      : kernels_(kernels), sgd_(sgd), dense_(dense), velocity_(velocity) {}

  std::optional<Descent> descent(const GradientTile& tile) override {
    ParameterPanels& w = dense_[tile.dense];
    if (velocity_ != nullptr || sgd_.weight_decay != 0 || w.kernel_l2() != 0) return std::nullopt;
    return Descent{w.kernel(tile.panel) + tile.row * kPanel, w.in() * kPanel, sgd_.learning_rate};
  }

  void take(const GradientTile& tile, const float* kernel, const float* bias) override {
    const float l2 = dense_[tile.dense].kernel_l2();
    apply_sgd(kernels_, sgd_, l2, tile, kernel, bias, dense_, velocity_);
  }

 private:
  const KernelTable& kernels_;
  const Sgd& sgd_;
  Panels& dense_;
  Panels* velocity_;
};

// Collects the gradient of the mean loss, the L2 penalty included.
class GradientSink : public TileSink {
 public:
  GradientSink(const Panels& dense, Panels& gradients) : dense_(dense), gradients_(gradients) {}

  void take(const GradientTile& tile, const float* kernel, const float* bias) override {
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
