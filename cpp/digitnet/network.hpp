#pragma once
// What a network is: its layers and its parameters in the interchange layout. How it is computed is
// an Engine's affair.

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "digitnet/activation.hpp"

namespace digitnet {

enum class LayerKind {
  kDense,       // activation(x @ kernel + bias)
  kActivation,  // activation(x)
  kDropout,     // x * mask while training, x otherwise
  kRescaling,   // x * scale + offset
};

inline constexpr std::array<std::string_view, 4> kLayerKindNames = {"dense", "activation",
                                                                    "dropout", "rescaling"};

struct Layer {
  LayerKind kind = LayerKind::kDense;
  std::int64_t units = 0;  // dense
  Activation activation = Activation::kLinear;
  float alpha = 0;  // leaky_relu: slope; elu: alpha
  bool use_bias = true;
  float kernel_l2 = 0;  // the loss gains kernel_l2 * sum(kernel^2)
  // After every step, a column of the kernel is scaled down to a norm of at most this.
  float kernel_max_norm = std::numeric_limits<float>::infinity();
  float rate = 0;  // dropout
  float scale = 1, offset = 0;

  std::int64_t in = 0, out = 0;  // set by Network
};

// kernel (in, units) row-major, bias (units,); bias is empty where the layer has none.
struct DenseParameters {
  std::int64_t in = 0, units = 0;
  std::vector<float> kernel, bias;
};
using Parameters = std::vector<DenseParameters>;  // one per dense layer, in order
using Slots = std::vector<Parameters>;            // of an optimizer: velocity, or m and v

class Network {
 public:
  // Checks every setting, then fuses what one pass can do: a rescaling in front of everything
  // becomes input_scale and input_offset, an activation behind a linear dense layer becomes that
  // layer's.
  Network(std::int64_t input_size, const std::vector<Layer>& layers);

  std::int64_t input_size() const { return input_size_; }
  std::int64_t output_size() const { return output_size_; }
  float input_scale() const { return input_scale_; }
  float input_offset() const { return input_offset_; }
  const std::vector<Layer>& layers() const { return layers_; }  // fused, with in and out

  Parameters zero_parameters() const;
  // Throws std::invalid_argument unless the shapes are this network's and every value is finite.
  void check_parameters(const Parameters& parameters, std::string_view what) const;

 private:
  std::int64_t input_size_, output_size_;
  float input_scale_ = 1, input_offset_ = 0;
  std::vector<Layer> layers_;
};

}  // namespace digitnet
