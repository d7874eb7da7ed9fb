#pragma once

#include <cstdint>

#include "digitnet/aligned_buffer.hpp"
#include "digitnet/cpu/kernel_table.hpp"
#include "digitnet/network.hpp"

namespace digitnet::cpu {

inline int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

// One dense layer's parameters (or their gradient, or a slot) as the kernels read them: panel p
// holds kernel columns 32 p .. 32 p + 31 as a contiguous (in, 32) matrix; padding columns are zero.
class ParameterPanels {
 public:
  explicit ParameterPanels(const Layer& dense);

  int64_t in() const { return in_; }
  int64_t units() const { return units_; }
  int64_t panels() const { return panels_; }
  int64_t cols_of(int64_t panel) const;  // units in the panel, 1 .. kPanel
  bool has_bias() const { return has_bias_; }
  float kernel_l2() const { return kernel_l2_; }
  float kernel_max_norm() const { return kernel_max_norm_; }

  float* kernel(int64_t panel) { return kernel_.data() + panel * in_ * kPanel; }
  const float* kernel(int64_t panel) const { return kernel_.data() + panel * in_ * kPanel; }
  // Zeros where the layer has no bias.
  float* bias(int64_t panel) { return bias_.data() + panel * kPanel; }
  const float* bias(int64_t panel) const { return bias_.data() + panel * kPanel; }

  void pack(const DenseParameters& parameters);
  DenseParameters unpack() const;

 private:
  int64_t in_, units_, panels_;
  bool has_bias_;
  float kernel_l2_, kernel_max_norm_;
  AlignedBuffer<float> kernel_, bias_;
};

using Panels = std::vector<ParameterPanels>;  // one per dense layer, in order

Panels make_panels(const Network& network);
void pack(const Parameters& parameters, Panels& panels);
Parameters unpack(const Panels& panels);

}  // namespace digitnet::cpu
