#pragma once
// One instruction set's kernels on NumPy arrays: made for tests and micro-benchmarks, not for
// speed.

#include <algorithm>

#include "arrays.hpp"
#include "digitnet/cpu/dispatch.hpp"
#include "digitnet/cpu/workspace.hpp"

namespace digitnet::bindings {

using cpu::kPanel;
using cpu::PaddedMatrix;

// Every argument is copied into the padded, aligned form that kernel_table.hpp asks for.
struct Kernels {
  const cpu::KernelTable& table;
};

inline PaddedMatrix padded(const FloatArray& array) {
  check(array.ndim() == 2, "a matrix must have 2 dimensions, got ", array.ndim());
  PaddedMatrix matrix(array.shape(0), array.shape(1));
  for (py::ssize_t r = 0; r < array.shape(0); ++r)
    for (py::ssize_t c = 0; c < array.shape(1); ++c) matrix.row(r)[c] = array.at(r, c);
  return matrix;
}

inline FloatArray to_array(const PaddedMatrix& matrix, std::int64_t rows, std::int64_t cols) {
  FloatArray array({rows, cols});
  for (std::int64_t r = 0; r < rows; ++r)
    std::copy_n(matrix.row(r), cols, array.mutable_data(r, 0));
  return array;
}

inline void check_same_shape(const FloatArray& a, const FloatArray& b) {
  check(a.ndim() == 2 && b.ndim() == 2 && a.shape(0) == b.shape(0) && a.shape(1) == b.shape(1),
        "the matrices must have the same shape");
}

// The products among the kernels, and the optimizers' steps.
void register_products(py::class_<Kernels>& kernels);
void register_updates(py::class_<Kernels>& kernels);

}  // namespace digitnet::bindings
