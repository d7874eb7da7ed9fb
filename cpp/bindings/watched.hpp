#pragma once
// The check of large data, which Ctrl-C can interrupt.

#include <pybind11/pybind11.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "digitnet/dataset.hpp"
#include "signals.hpp"

namespace digitnet::bindings {

// Rows begin .. end - 1 of the samples.
inline Samples part_of(const Samples& samples, std::int64_t begin, std::int64_t end) {
  Samples part = samples;
  part.count = end - begin;
  if (samples.is_csr()) {
    const std::int64_t bytes = samples.csr.wide ? sizeof(std::int64_t) : sizeof(std::int32_t);
    part.csr.indptr = static_cast<const char*>(samples.csr.indptr) + begin * bytes;
  } else {
    const std::int64_t bytes = samples.type == ElementType::kFloat32 ? sizeof(float) : 1;
    part.data = static_cast<const char*>(samples.data) + begin * samples.row_step * bytes;
  }
  return part;
}

// As digitnet::first_nonfinite, without the GIL; between parts of a few milliseconds it looks for
// signals.
inline std::optional<std::pair<std::int64_t, std::int64_t>> first_nonfinite_watched(
    const Samples& samples) {
  constexpr std::int64_t kPart = std::int64_t{1} << 22;  // values: 16 MiB
  const std::int64_t rows =
      std::max(kPart / std::max<std::int64_t>(samples.features, 1), std::int64_t{1});
  for (std::int64_t begin = 0; begin < samples.count; begin += rows) {
    if (begin > 0) {
      park_if_finalizing();
      const pybind11::gil_scoped_acquire held;
      throw_if_interrupted();
    }
    const auto found =
        first_nonfinite(part_of(samples, begin, std::min(begin + rows, samples.count)));
    if (found) return std::pair(begin + found->first, found->second);
  }
  return std::nullopt;
}

}  // namespace digitnet::bindings
