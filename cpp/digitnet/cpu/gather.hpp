#pragma once
// From the caller's own samples to the rows of a workspace. Row r takes sample order[r], or
// first + r where order is null. Arrays and CSR of the same numbers give the same bits.

#include "digitnet/cpu/workspace.hpp"

namespace digitnet::cpu {

// Whole rows of value * scale + offset; the multiplication and the addition round once each.
void gather_samples(const KernelTable& kernels, const Samples& x, const std::uint32_t* order,
                    int64_t first, RowRange rows, float scale, float offset, PaddedMatrix& out);

// The non-zeros alone, as value * scale.
void gather_nonzeros(const KernelTable& kernels, const Samples& x, const std::uint32_t* order,
                     int64_t first, RowRange rows, float scale, SparseInput& out);

}  // namespace digitnet::cpu
