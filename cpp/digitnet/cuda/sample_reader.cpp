#include "digitnet/cuda/sample_reader.hpp"

#include <algorithm>

namespace digitnet::cuda {
namespace {

std::int64_t sample_at(const std::uint32_t* order, std::int64_t place) {
  return order != nullptr ? static_cast<std::int64_t>(order[place]) : place;
}

template <class Number>
void copy_row(const Samples& samples, std::int64_t sample, Number* row) {
  const Number* from = static_cast<const Number*>(samples.data) + sample * samples.row_step;
  if (samples.feature_step == 1) {
    std::copy_n(from, samples.features, row);
  } else {
    for (std::int64_t j = 0; j < samples.features; ++j) row[j] = from[j * samples.feature_step];
  }
}

// As stored_row: whatever the caller's arrays say by now, nothing is written out of bounds.
template <class Number, class Index>
void scatter_row(const Samples& samples, const Number* values, const Index* indptr,
                 const Index* indices, std::int64_t sample, Number* row) {
  const auto [begin, count] = stored_row(samples, indptr, sample);
  std::fill_n(row, samples.features, Number{0});
  for (std::int64_t k = begin; k < begin + count; ++k) {
    const auto column = static_cast<std::uint64_t>(indices[k]);
    if (column < static_cast<std::uint64_t>(samples.features)) row[column] = values[k];
  }
}

template <class Number>
void read_as(const Samples& samples, const std::uint32_t* order, std::int64_t first,
             std::int64_t count, Number* rows, std::int64_t row_stride) {
  for (std::int64_t r = 0; r < count; ++r)
    copy_row(samples, sample_at(order, first + r), rows + r * row_stride);
}

}  // namespace

void read_rows(const Samples& samples, const std::uint32_t* order, std::int64_t first,
               std::int64_t count, void* rows, std::int64_t row_stride) {
  if (samples.is_csr()) {
    visit_csr(samples, [&](const auto* values, const auto* indptr, const auto* indices) {
      using Number = std::remove_const_t<std::remove_pointer_t<decltype(values)>>;
      for (std::int64_t r = 0; r < count; ++r)
        scatter_row(samples, values, indptr, indices, sample_at(order, first + r),
                    static_cast<Number*>(rows) + r * row_stride);
    });
  } else if (samples.type == ElementType::kUint8) {
    read_as(samples, order, first, count, static_cast<std::uint8_t*>(rows), row_stride);
  } else {
    read_as(samples, order, first, count, static_cast<float*>(rows), row_stride);
  }
}

void read_targets(const Dataset& data, const std::uint32_t* order, std::int64_t first,
                  std::int64_t count, std::int32_t* labels, float* targets,
                  std::int64_t target_stride, float* weights) {
  for (std::int64_t r = 0; r < count; ++r) {
    const std::int64_t sample = sample_at(order, first + r);
    if (labels != nullptr) labels[r] = data.labels[sample];
    if (targets != nullptr)
      std::copy_n(data.targets.row(sample), data.targets.cols, targets + r * target_stride);
    if (weights != nullptr) weights[r] = data.weights[sample];
  }
}

}  // namespace digitnet::cuda
