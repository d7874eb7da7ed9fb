#pragma once
// The activation functions: names and which values their derivatives read. The formulas stand once
// as plain loops in cpu/kernels_generic.cpp (the specification) and once vectorised in
// cpu/activation-inl.hpp.

#include <array>
#include <cstddef>
#include <string_view>

namespace digitnet {

enum class Activation {
  kLinear,     // a = z
  kRelu,       // a = max(z, 0)
  kLeakyRelu,  // a = z > 0 ? z : alpha z
  kElu,        // a = z > 0 ? z : alpha (exp(z) - 1)
  kSigmoid,    // a = 1 / (1 + exp(-z))
  kTanh,       // a = tanh(z)
  kSoftplus,   // a = log(1 + exp(z))
  kSilu,       // a = z sigmoid(z)
  kGelu,       // a = z (1 + erf(z / sqrt 2)) / 2
  kSoftmax,    // a_i = exp(z_i) / sum_j exp(z_j), over a row
};

inline constexpr std::array<std::string_view, 10> kActivationNames = {
    "linear", "relu",     "leaky_relu", "elu",  "sigmoid",
    "tanh",   "softplus", "silu",       "gelu", "softmax"};

inline std::string_view name_of(Activation activation) {
  return kActivationNames[static_cast<std::size_t>(activation)];
}

// True where the derivative cannot be had from a alone, so that the forward pass must keep z.
inline bool needs_preactivation(Activation activation) {
  return activation == Activation::kSilu || activation == Activation::kGelu;
}

}  // namespace digitnet
