#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace digitnet {

enum class Metric {
  kSparseCategoricalAccuracy,  // argmax(output) == label
  kCategoricalAccuracy,        // argmax(output) == argmax(target)
  kBinaryAccuracy,             // mean_c (output_c > 0.5) == target_c
  kMeanSquaredError,           // mean_c (output_c - target_c)^2
  kMeanAbsoluteError,          // mean_c |output_c - target_c|
};

inline constexpr std::array<std::string_view, 5> kMetricNames = {
    "sparse_categorical_accuracy", "categorical_accuracy", "binary_accuracy", "mean_squared_error",
    "mean_absolute_error"};

// The value for one sample; a metric is its mean over samples. output (cols,); label is read by the
// sparse accuracy alone, target (cols,) by the others. Of equal maxima the first counts.
double metric_of_row(Metric metric, std::int64_t cols, const float* output, std::int32_t label,
                     const float* target);

}  // namespace digitnet
