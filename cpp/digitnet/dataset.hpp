#pragma once
// Views of the caller's own arrays: nothing here owns or copies a sample.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "digitnet/loss.hpp"
#include "digitnet/matrix.hpp"

namespace digitnet {

enum class ElementType { kUint8, kFloat32 };

// Which elements are stored, in compressed sparse rows: those of row i are indptr[i] ..
// indptr[i + 1] - 1, in ascending order of their columns, indices[.]. Stored zeros are allowed.
struct CsrIndex {
  bool wide = false;              // int64, else int32
  const void* indptr = nullptr;   // (count + 1,)
  const void* indices = nullptr;  // (stored,)
  std::int64_t stored = 0;
};

// (count, features); element (i, j) lies `i * row_step + j * feature_step` elements after data, or,
// where there is a CsrIndex, is the one that it gives to row i and column j, or else 0.
struct Samples {
  ElementType type = ElementType::kFloat32;
  const void* data = nullptr;
  std::int64_t count = 0, features = 0, row_step = 0, feature_step = 1;
  CsrIndex csr;

  bool is_csr() const { return csr.indptr != nullptr; }
};

// visit(values, indptr, indices), with the types that the CSR samples have.
template <class Visit>
auto visit_csr(const Samples& samples, Visit visit) {
  const CsrIndex& csr = samples.csr;
  const auto typed = [&](const auto* values) {
    return csr.wide ? visit(values, static_cast<const std::int64_t*>(csr.indptr),
                            static_cast<const std::int64_t*>(csr.indices))
                    : visit(values, static_cast<const std::int32_t*>(csr.indptr),
                            static_cast<const std::int32_t*>(csr.indices));
  };
  return samples.type == ElementType::kUint8 ? typed(static_cast<const std::uint8_t*>(samples.data))
                                             : typed(static_cast<const float*>(samples.data));
}

// Where a row's stored values lie. They have been checked (check_csr), but the arrays are the
// caller's: should another thread change them meanwhile, the numbers are wrong, but nothing outside
// is read.
struct StoredRow {
  std::int64_t begin, count;
};

template <class Index>
StoredRow stored_range(const Samples& samples, const Index* indptr, std::int64_t row) {
  const std::int64_t stored = samples.csr.stored;
  const std::int64_t begin = std::clamp<std::int64_t>(indptr[row], 0, stored);
  const std::int64_t end = std::clamp<std::int64_t>(indptr[row + 1], begin, stored);
  return {begin, end - begin};
}

// The same for samples that may be read: no column twice, so at most one value a feature.
template <class Index>
StoredRow stored_row(const Samples& samples, const Index* indptr, std::int64_t row) {
  const auto [begin, count] = stored_range(samples, indptr, row);
  return {begin, std::min(count, samples.features)};
}

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

// The most values other than zero that one sample can have: its stored ones, or its features.
std::int64_t most_nonzeros(const Samples& samples);

// Index of the first label outside [0, classes), if any.
std::optional<std::int64_t> first_label_outside(const std::int32_t* labels, std::int64_t count,
                                                std::int64_t classes);

// Throws std::invalid_argument, with the name in its sentence, unless every row's elements and
// their columns lie within the CSR samples. Returns whether the columns also ascend in every row,
// none twice: only such samples may be read.
bool check_csr(const Samples& samples, std::string_view name);

// Throws std::invalid_argument unless a network with these sizes can be trained on the data:
// shapes, presence and range of labels or targets. (Non-finite samples are first_nonfinite's
// affair: they are looked for once per fit, not once per epoch; but whatever could lead out of an
// array is looked at in every call, since the caller's arrays may have changed.)
void check_dataset(const Dataset& data, const Loss& loss, std::int64_t input_size,
                   std::int64_t output_size);
void check_samples(const Samples& samples, std::int64_t input_size);

}  // namespace digitnet
