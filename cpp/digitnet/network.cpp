#include "digitnet/network.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "digitnet/error.hpp"

namespace digitnet {
namespace {

// A layer wider than this has parameters that no machine holds; refusing it here keeps every
// product of two sizes inside 64 bits.
constexpr std::int64_t kMaxWidth = std::int64_t{1} << 30;

void check_layer(const Layer& layer) {
  const bool finite =
      std::isfinite(layer.alpha) && std::isfinite(layer.scale) && std::isfinite(layer.offset);
  check(finite, "alpha, scale and offset must be finite");
  check(layer.kind != LayerKind::kDense || (layer.units > 0 && layer.units <= kMaxWidth),
        "units must be between 1 and ", kMaxWidth, ", got ", layer.units);
  check(layer.rate >= 0 && layer.rate < 1, "rate must be in [0, 1), got ", layer.rate);
  check(layer.kernel_l2 >= 0 && std::isfinite(layer.kernel_l2),
        "kernel_l2 must be finite and not negative, got ", layer.kernel_l2);
  check(layer.kernel_max_norm >= 0, "kernel_max_norm must not be negative, got ",
        layer.kernel_max_norm);
  const bool leaky = layer.activation == Activation::kLeakyRelu;
  // The backward pass tells the two branches apart by the sign of a.
  check(!leaky || layer.alpha >= 0, "the slope of leaky_relu must not be negative, got ",
        layer.alpha);
  const bool elu = layer.activation == Activation::kElu;
  check(!elu || layer.alpha >= 0, "alpha of elu must not be negative, got ", layer.alpha);
}

bool all_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](float value) { return std::isfinite(value); });
}

bool fuses_into(const Layer& previous, const Layer& layer) {
  return layer.kind == LayerKind::kActivation && previous.kind == LayerKind::kDense &&
         previous.activation == Activation::kLinear;
}

}  // namespace

Network::Network(std::int64_t input_size, const std::vector<Layer>& layers)
    : input_size_(input_size), output_size_(input_size) {
  check(input_size > 0 && input_size <= kMaxWidth, "input_size must be between 1 and ", kMaxWidth,
        ", got ", input_size);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    Layer layer = layers[i];
    check_layer(layer);
    if (i == 0 && layer.kind == LayerKind::kRescaling) {
      input_scale_ = layer.scale;
      input_offset_ = layer.offset;
      continue;
    }
    if (!layers_.empty() && fuses_into(layers_.back(), layer)) {
      layers_.back().activation = layer.activation;
      layers_.back().alpha = layer.alpha;
      continue;
    }
    layer.in = output_size_;
    if (layer.kind == LayerKind::kDense) output_size_ = layer.units;
    layer.out = output_size_;
    layers_.push_back(layer);
  }
}

Parameters Network::zero_parameters() const {
  Parameters parameters;
  for (const Layer& layer : layers_) {
    if (layer.kind != LayerKind::kDense) continue;
    DenseParameters dense{layer.in, layer.units, {}, {}};
    dense.kernel.assign(static_cast<std::size_t>(layer.in * layer.units), 0.0F);
    dense.bias.assign(layer.use_bias ? static_cast<std::size_t>(layer.units) : 0, 0.0F);
    parameters.push_back(std::move(dense));
  }
  return parameters;
}

void Network::check_parameters(const Parameters& parameters, std::string_view what) const {
  std::size_t index = 0;
  for (const Layer& layer : layers_) {
    if (layer.kind != LayerKind::kDense) continue;
    check(index < parameters.size(), what, " must hold one entry per dense layer, got ",
          parameters.size());
    const DenseParameters& dense = parameters[index];
    const std::size_t biases = layer.use_bias ? static_cast<std::size_t>(layer.units) : 0;
    check(dense.in == layer.in && dense.units == layer.units && dense.bias.size() == biases &&
              dense.kernel.size() == static_cast<std::size_t>(layer.in * layer.units),
          what, " of dense layer ", index, " must have a kernel of shape (", layer.in, ", ",
          layer.units, ") and ", biases, " biases, got (", dense.in, ", ", dense.units, ") and ",
          dense.bias.size());
    check(all_finite(dense.kernel) && all_finite(dense.bias), what, " of dense layer ", index,
          " must be finite, got NaN or infinity");
    ++index;
  }
  check(index == parameters.size(), what, " must hold ", index,
        " entries, one per dense layer, got ", parameters.size());
}

}  // namespace digitnet
