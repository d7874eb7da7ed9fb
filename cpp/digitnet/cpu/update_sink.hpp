#pragma once
// What training does with gradients: the optimizer's steps on the parameters, and their
// constraints.

#include <variant>
#include <vector>

#include "digitnet/cpu/training_run.hpp"

namespace digitnet::cpu {

// A rule that looks at one value at a time updates a tile's parameters while its gradient is in the
// nearest cache. Where gradients are clipped by a norm, they are first collected, and the
// parameters updated when all are there. Where a kernel's columns have a largest norm, they are
// scaled down when all parameters are updated.
class UpdateSink : public TileSink {
 public:
  // slots: of optimizer.slots(), each like dense. adds_penalty: the gradients lack that of the L2
  // penalty.
  UpdateSink(const KernelTable& kernels, const Optimizer& optimizer, bool adds_penalty,
             const Network& network, Panels& dense, std::vector<Panels>& slots);

  void begin(int64_t step) override;
  std::optional<Descent> descent(const GradientTile& tile) override;
  void take(const GradientTile& tile, float* kernel, float* bias) override;
  bool finishes() const override { return !gradients_.empty() || constrained_; }
  void finish(int member, int members) override;

 private:
  // Consecutive parameters of one panel: where they lie in the weights, a slot or the gradients.
  struct Part {
    std::size_t dense;
    int64_t panel, row, count;
    bool bias;

    float* of(Panels& panels) const {
      return bias ? panels[dense].bias(panel) : panels[dense].kernel(panel) + row * kPanel;
    }
  };
  // Of a dense layer's collected gradient: in tile order, so that their sum has one order.
  struct Squares {
    std::vector<double> kernel, bias;
  };
  struct Scales {
    float kernel, bias;
  };

  void handle(const Part& part, float l2, float* gradient, double* squares);
  void update(const Part& part, float l2, float scale, float* gradient);
  Scales scales_of(const Squares& dense, double all) const;
  void update_panels(std::size_t dense, PanelRange panels, const Scales& scales);

  const KernelTable& kernels_;
  const Optimizer& optimizer_;
  const bool adds_penalty_;
  Panels& dense_;
  std::vector<Panels>& slots_;
  bool constrained_ = false;      // some kernel has a largest norm
  std::variant<Sgd, Adam> rule_;  // with the learning rate of this step
  AdamStep adam_{};
  Panels gradients_;  // where they are collected, else empty
  std::vector<Squares> squares_;
};

}  // namespace digitnet::cpu
