#include "digitnet/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "digitnet/error.hpp"

namespace digitnet {
namespace {

// All exponent bits set: NaN or infinity. On the bits, so that the loop below vectorises
// everywhere.
bool row_is_finite(const float* row, std::int64_t count) {
  std::uint32_t any = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, row + i, sizeof bits);
    any |= static_cast<std::uint32_t>((bits & 0x7F800000U) == 0x7F800000U);
  }
  return any == 0;
}

template <class Number>
std::int64_t count_nonzeros(const Number* row, const Samples& samples) {
  std::int64_t count = 0;
  for (std::int64_t j = 0; j < samples.features; ++j) count += row[j * samples.feature_step] != 0;
  return count;
}

std::int64_t nonzeros_of_row(const Samples& samples, std::int64_t i) {
  if (samples.is_csr())
    return visit_csr(samples, [&](const auto* values, const auto* indptr, const auto*) {
      const auto [begin, count] = stored_row(samples, indptr, i);
      return static_cast<std::int64_t>(std::count_if(values + begin, values + begin + count,
                                                     [](auto value) { return value != 0; }));
    });
  const std::int64_t at = i * samples.row_step;
  return samples.type == ElementType::kUint8
             ? count_nonzeros(static_cast<const std::uint8_t*>(samples.data) + at, samples)
             : count_nonzeros(static_cast<const float*>(samples.data) + at, samples);
}

using Position = std::optional<std::pair<std::int64_t, std::int64_t>>;

Position first_nonfinite_stored(const Samples& samples) {
  const auto* data = static_cast<const float*>(samples.data);
  return visit_csr(samples, [&](const auto*, const auto* indptr, const auto* indices) -> Position {
    for (std::int64_t i = 0; i < samples.count; ++i) {
      const auto [begin, count] = stored_row(samples, indptr, i);
      if (row_is_finite(data + begin, count)) continue;
      for (std::int64_t k = begin; k < begin + count; ++k)
        if (!std::isfinite(data[k])) return std::pair<std::int64_t, std::int64_t>(i, indices[k]);
    }
    return std::nullopt;
  });
}

// The rows of check_csr, whose indptr has been found sound.
template <class Index>
bool check_columns(const Samples& samples, const Index* indptr, const Index* indices,
                   std::string_view name) {
  bool ascending = true;
  for (std::int64_t i = 0; i < samples.count; ++i) {
    std::int64_t previous = -1;
    bool inside = true;
    const auto [begin, count] = stored_range(samples, indptr, i);
    for (std::int64_t k = begin; k < begin + count; ++k) {
      const std::int64_t column = indices[k];
      inside &= column >= 0 && column < samples.features;
      ascending &= column > previous;
      previous = column;
    }
    if (inside) continue;
    for (std::int64_t k = begin; k < begin + count; ++k)
      check(indices[k] >= 0 && indices[k] < samples.features, name, ".indices must lie in [0, ",
            samples.features, "), one for each column. Received: ", indices[k], " at position ", k);
  }
  return ascending;
}

}  // namespace

std::optional<std::pair<std::int64_t, std::int64_t>> first_nonfinite(const Samples& samples) {
  if (samples.type != ElementType::kFloat32) return std::nullopt;
  if (samples.is_csr()) return first_nonfinite_stored(samples);
  const auto* data = static_cast<const float*>(samples.data);
  for (std::int64_t i = 0; i < samples.count; ++i) {
    const float* row = data + i * samples.row_step;
    if (samples.feature_step == 1 && row_is_finite(row, samples.features)) continue;
    for (std::int64_t j = 0; j < samples.features; ++j)
      if (!std::isfinite(row[j * samples.feature_step])) return std::make_pair(i, j);
  }
  return std::nullopt;
}

double density(const Samples& samples) {
  constexpr std::int64_t kLooked = 128;
  const std::int64_t looked = std::min(samples.count, kLooked);
  if (looked == 0) return 1;
  std::int64_t nonzeros = 0;
  for (std::int64_t i = 0; i < looked; ++i)
    nonzeros += nonzeros_of_row(samples, samples.count * i / looked);
  return static_cast<double>(nonzeros) / static_cast<double>(looked * samples.features);
}

std::int64_t most_nonzeros(const Samples& samples) {
  if (!samples.is_csr()) return samples.features;
  return visit_csr(samples, [&](const auto*, const auto* indptr, const auto*) {
    std::int64_t most = 0;
    for (std::int64_t i = 0; i < samples.count; ++i)
      most = std::max(most, stored_row(samples, indptr, i).count);
    return most;
  });
}

std::optional<std::int64_t> first_label_outside(const std::int32_t* labels, std::int64_t count,
                                                std::int64_t classes) {
  for (std::int64_t i = 0; i < count; ++i)
    if (labels[i] < 0 || labels[i] >= classes) return i;
  return std::nullopt;
}

bool check_csr(const Samples& samples, std::string_view name) {
  return visit_csr(samples, [&](const auto*, const auto* indptr, const auto* indices) {
    check(indptr[0] >= 0, name, ".indptr must not begin below 0. Received: ", indptr[0]);
    for (std::int64_t i = 0; i < samples.count; ++i)
      check(indptr[i] <= indptr[i + 1], name,
            ".indptr must not decrease. Received: ", indptr[i + 1], " after ", indptr[i],
            " at position ", i + 1);
    check(indptr[samples.count] <= samples.csr.stored, name, ".indptr must end at ",
          samples.csr.stored,
          ", the number of stored values, or below. Received: ", indptr[samples.count]);
    return check_columns(samples, indptr, indices, name);
  });
}

void check_samples(const Samples& samples, std::int64_t input_size) {
  check(samples.features == input_size, "x must have ", input_size, " features, got ",
        samples.features);
  check(samples.count < (std::int64_t{1} << 32), "x must hold fewer than 2^32 samples, got ",
        samples.count);
  check(!samples.is_csr() || check_csr(samples, "x"),
        "x.indices must ascend in every row, none twice");
}

void check_dataset(const Dataset& data, const Loss& loss, std::int64_t input_size,
                   std::int64_t output_size) {
  check_samples(data.x, input_size);
  check(data.x.count > 0, "x must hold at least one sample, got none");
  if (loss.takes_labels()) {
    check(data.labels != nullptr, "y must hold int32 labels for ", name_of(loss.kind));
    const auto outside = first_label_outside(data.labels, data.x.count, output_size);
    check(!outside, "labels must lie in [0, ", output_size, "), got ",
          outside ? data.labels[*outside] : 0, " at position ", outside.value_or(0));
    return;
  }
  check(static_cast<bool>(data.targets), "y must hold float32 targets for ", name_of(loss.kind));
  check(data.targets.rows == data.x.count && data.targets.cols == output_size,
        "y must have shape (", data.x.count, ", ", output_size, "), got (", data.targets.rows, ", ",
        data.targets.cols, ")");
}

}  // namespace digitnet
