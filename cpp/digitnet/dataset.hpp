#pragma once
// Views of the caller's own arrays: nothing here owns or copies a sample.

#include <cstdint>
#include <optional>
#include <utility>

#include "digitnet/loss.hpp"
#include "digitnet/matrix.hpp"

namespace digitnet {

enum class ElementType { kUint8, kFloat32 };

// (count, features); element (i, j) lies `i * row_step + j * feature_step` elements after data.
struct Samples {
  ElementType type = ElementType::kFloat32;
  const void* data = nullptr;
  std::int64_t count = 0, features = 0, row_step = 0, feature_step = 1;
};

// Samples with what they should give: labels (count,) for sparse cross-entropy, else targets
// (count, outputs); weights (count,) or null.
struct Dataset {
  Samples x;
  const std::int32_t* labels = nullptr;
  MatrixView<const float> targets;
  const float* weights = nullptr;
};

// Position (sample, feature) of the first NaN or infinity, if any.
std::optional<std::pair<std::int64_t, std::int64_t>> first_nonfinite(const Samples& samples);

// Share of the samples' values that are not zero, from at most some hundred samples spread over
// all.
double density(const Samples& samples);

// Index of the first label outside [0, classes), if any.
std::optional<std::int64_t> first_label_outside(const std::int32_t* labels, std::int64_t count,
                                                std::int64_t classes);

// Throws std::invalid_argument unless a network with these sizes can be trained on the data:
// shapes, presence and range of labels or targets. (Non-finite samples are first_nonfinite's
// affair: they are looked for once per fit, not once per epoch.)
void check_dataset(const Dataset& data, const Loss& loss, std::int64_t input_size,
                   std::int64_t output_size);
void check_samples(const Samples& samples, std::int64_t input_size);

}  // namespace digitnet
