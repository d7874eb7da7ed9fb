#pragma once
// The loss functions: names and settings. Every loss is a mean over the samples of a row loss; the
// row losses are as in Keras 3 and stand as plain loops in cpu/generic_loss.cpp.

#include <array>
#include <cstddef>
#include <string_view>

namespace digitnet {

enum class LossKind {
  kCategoricalCrossentropy,        // -sum_c t_c log p_c
  kSparseCategoricalCrossentropy,  // the same, t given as a class index
  kBinaryCrossentropy,             // mean_c -(t_c log p_c + (1 - t_c) log(1 - p_c))
  kMeanSquaredError,               // mean_c (y_c - t_c)^2
  kMeanAbsoluteError,              // mean_c |y_c - t_c|
  kHuber,  // mean_c e^2/2 where |e| <= delta, delta |e| - delta^2/2 elsewhere, e = y - t
};

inline constexpr std::array<std::string_view, 6> kLossNames = {
    "categorical_crossentropy", "sparse_categorical_crossentropy",
    "binary_crossentropy",      "mean_squared_error",
    "mean_absolute_error",      "huber"};

inline std::string_view name_of(LossKind kind) {
  return kLossNames[static_cast<std::size_t>(kind)];
}

// Probabilities are clipped to [kEpsilon, 1 - kEpsilon] before the logarithm (Keras' backend
// epsilon).
inline constexpr float kEpsilon = 1e-7F;

struct Loss {
  LossKind kind = LossKind::kMeanSquaredError;
  bool from_logits = false;   // cross-entropies: the network's output is z, not a probability
  float label_smoothing = 0;  // in [0, 1]; categorical: t <- t (1 - s) + s / classes,
                              // binary: t <- t (1 - s) + s / 2
  float delta = 1;            // Huber's bend, > 0

  bool takes_labels() const { return kind == LossKind::kSparseCategoricalCrossentropy; }
};

}  // namespace digitnet
