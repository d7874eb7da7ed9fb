#include "digitnet/cpu/parameter_panels.hpp"

#include <algorithm>

namespace digitnet::cpu {

ParameterPanels::ParameterPanels(const Layer& dense)
    : in_(dense.in),
      units_(dense.units),
      panels_(round_up(dense.units, kPanel) / kPanel),
      has_bias_(dense.use_bias),
      kernel_l2_(dense.kernel_l2),
      kernel_max_norm_(dense.kernel_max_norm),
      kernel_(panels_ * in_ * kPanel),
      bias_(panels_ * kPanel) {}

int64_t ParameterPanels::cols_of(int64_t panel) const {
  return std::min(kPanel, units_ - panel * kPanel);
}

void ParameterPanels::pack(const DenseParameters& parameters) {
  // The padding too: a run that diverged may have left NaN there.
  std::fill_n(kernel_.data(), kernel_.size(), 0.0F);
  std::fill_n(bias_.data(), bias_.size(), 0.0F);
  for (int64_t p = 0; p < panels_; ++p) {
    const int64_t cols = cols_of(p);
    for (int64_t i = 0; i < in_; ++i)
      std::copy_n(parameters.kernel.data() + i * units_ + p * kPanel, cols, kernel(p) + i * kPanel);
  }
  std::copy(parameters.bias.begin(), parameters.bias.end(), bias_.data());
}

DenseParameters ParameterPanels::unpack() const {
  DenseParameters parameters{
      in_, units_, std::vector<float>(static_cast<std::size_t>(in_ * units_)), {}};
  for (int64_t p = 0; p < panels_; ++p) {
    const int64_t cols = cols_of(p);
    for (int64_t i = 0; i < in_; ++i)
      std::copy_n(kernel(p) + i * kPanel, cols, parameters.kernel.data() + i * units_ + p * kPanel);
  }
  if (has_bias_) parameters.bias.assign(bias_.data(), bias_.data() + units_);
  return parameters;
}

Panels make_panels(const Network& network) {
  Panels panels;
  for (const Layer& layer : network.layers())
    if (layer.kind == LayerKind::kDense) panels.emplace_back(layer);
  return panels;
}

void pack(const Parameters& parameters, Panels& panels) {
  for (std::size_t i = 0; i < panels.size(); ++i) panels[i].pack(parameters[i]);
}

Parameters unpack(const Panels& panels) {
  Parameters parameters;
  for (const ParameterPanels& dense : panels) parameters.push_back(dense.unpack());
  return parameters;
}

}  // namespace digitnet::cpu
