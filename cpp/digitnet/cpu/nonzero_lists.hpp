#pragma once
// Products whose left side is half zeros, as ReLU and dropout leave it between the layers: its
// non-zeros are listed, and the product is taken over 64 of its columns at a time: as many rows of
// the right side, 96 columns wide, stay in the nearest cache. With very many zeros, as samples have
// them, a row's few entries would not pay for fetching its sums anew for each block: that is what
// SparseInput is for.

#include <vector>

#include "digitnet/aligned_buffer.hpp"
#include "digitnet/cpu/kernel_table.hpp"

namespace digitnet::cpu {

// c = start + a @ b, the bits of KernelTable::multiply (finite b given, and up to the sign of a
// zero).
//   b: row k of panel p at b + p * b_panel + k * b_row, b_row as fill was told; c: row r of panel p
//   at c + p * kPanel + r * c_stride; all aligned, readable and writable to whole panels.
//   bias (panels * kPanel,) or null: zeros.
struct ListedMultiply {
  int64_t panels;
  const float* b;
  int64_t b_panel;
  float* c;
  int64_t c_stride;
  const float* bias;
};

class NonzeroLists {
 public:
  // The greatest distance between rows of b: entries count it in 32 bits.
  static constexpr int64_t kMostRowFloats = int64_t{1} << 23;

  NonzeroLists() = default;
  NonzeroLists(int64_t rows, int64_t cols);  // the most that fill may be given

  // The share of values that are not zero, from every sixteenth row.
  static double share(const float* a, int64_t stride, int64_t rows, int64_t cols);

  // Lists a (rows, cols > 0), for products with right sides whose rows are b_row floats apart, at
  // most kMostRowFloats.
  void fill(const KernelTable& kernels, const float* a, int64_t stride, int64_t rows, int64_t cols,
            int64_t b_row);
  // The product with what fill listed.
  void multiply(const KernelTable& kernels, const ListedMultiply& args) const;

 private:
  static constexpr int64_t kDepth = 64;  // columns of a block: its part of b has 24 KiB

  int64_t most_ = 0;  // entries of a row, with the scratch behind them
  int64_t rows_ = 0, cols_ = 0, b_row_ = 0;
  AlignedBuffer<SparseEntry> entries_;
  std::vector<SparseRow> lists_;  // per block: rows_ rows
};

}  // namespace digitnet::cpu
