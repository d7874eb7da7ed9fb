#pragma once
// Writes a data set's samples down plainly, for a device that cannot see the caller's arrays.

#include "digitnet/dataset.hpp"

namespace digitnet::cuda {

// Samples order[first] .. order[first + count - 1] (order null: first ..) to rows (count, features)
// of their own element type, row_stride elements apart; zeros where CSR samples store nothing.
void read_rows(const Samples& samples, const std::uint32_t* order, std::int64_t first,
               std::int64_t count, void* rows, std::int64_t row_stride);

// Their labels, targets (target_stride apart) and weights; nulls are left out.
void read_targets(const Dataset& data, const std::uint32_t* order, std::int64_t first,
                  std::int64_t count, std::int32_t* labels, float* targets,
                  std::int64_t target_stride, float* weights);

}  // namespace digitnet::cuda
