#pragma once
// Activations, their derivatives and dropout, one element at a time: the formulas of
// cpu/kernels_generic.cpp.

#include <math.h>

#include "digitnet/activation.hpp"
#include "digitnet/cuda/plugin/arithmetic.cuh"
#include "digitnet/random.hpp"

namespace digitnet::cuda {

// 1 / (1 + exp(-z)), without overflow
DIGITNET_DEVICE float sigmoid(float z) {
  const float e = expf(-fabsf(z));
  return (z < 0 ? e : 1) / (1 + e);
}

DIGITNET_CALL float activated(Activation activation, float alpha, float z) {
  constexpr float kRootHalf = 0.70710678F;
  switch (activation) {
    case Activation::kRelu: return z < 0 ? 0 : z;
    case Activation::kLeakyRelu: return z > 0 ? z : alpha * z;
    case Activation::kElu: return z > 0 ? z : alpha * expm1f(z);
    case Activation::kSigmoid: return sigmoid(z);
    case Activation::kTanh: return tanhf(z);
    case Activation::kSoftplus: return (z > 0 ? z : 0) + log1pf(expf(-fabsf(z)));
    case Activation::kSilu: return z * sigmoid(z);
    case Activation::kGelu: return 0.5F * z * (1 + erff(z * kRootHalf));
    case Activation::kLinear:
    case Activation::kSoftmax: break;
  }
  return z;
}

// da/dz from z where needs_preactivation(activation), else from a.
DIGITNET_CALL float derivative(Activation activation, float alpha, float z, float a) {
  constexpr float kRootHalf = 0.70710678F, kNormalDensity = 0.39894228F;
  switch (activation) {
    case Activation::kRelu: return a > 0 ? 1 : 0;
    case Activation::kLeakyRelu: return a > 0 ? 1 : alpha;
    case Activation::kElu: return a > 0 ? 1 : a + alpha;
    case Activation::kSigmoid: return a * (1 - a);
    case Activation::kTanh: return 1 - a * a;
    case Activation::kSoftplus: return -expm1f(-a);
    case Activation::kSilu: return sigmoid(z) * (1 + z * (1 - sigmoid(z)));
    case Activation::kGelu:
      return 0.5F * (1 + erff(z * kRootHalf)) + z * expf(-0.5F * z * z) * kNormalDensity;
    case Activation::kLinear:
    case Activation::kSoftmax: break;
  }
  return 1;
}

// Dropout's factor of element (row, col): see DropoutMask in cpu/kernel_table.hpp. `row` counts
// within the batch.
DIGITNET_CALL float dropout_factor(float rate, std::uint64_t seed, std::uint64_t iteration,
                                   std::int32_t layer, int64_t row, int64_t col) {
  std::uint32_t c[4] = {
      static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(col / 4),
      static_cast<std::uint32_t>(iteration),
      static_cast<std::uint32_t>(layer) << 8 | static_cast<std::uint32_t>(Stream::kDropout)};
  auto k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const std::uint64_t p0 = std::uint64_t{kPhiloxM0} * c[0];
    const std::uint64_t p1 = std::uint64_t{kPhiloxM1} * c[2];
    const std::uint32_t next[4] = {
        static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
        static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
    for (int i = 0; i < 4; ++i) c[i] = next[i];
    k0 += kPhiloxW0;
    k1 += kPhiloxW1;
  }
  const auto threshold = static_cast<std::uint32_t>(static_cast<double>(rate) * 4294967296.0);
  const auto lane = static_cast<int>(col % 4);
  const std::uint32_t word = lane == 0 ? c[0] : lane == 1 ? c[1] : lane == 2 ? c[2] : c[3];
  return word < threshold ? 0.0F : 1.0F / (1.0F - rate);
}

}  // namespace digitnet::cuda
