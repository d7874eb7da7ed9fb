#include "digitnet/cpu/nonzero_lists.hpp"

#include <algorithm>

namespace digitnet::cpu {
namespace {

// Rows of a list behind which a part of the next block of b is asked for: the non-zeros come to it
// in an order that no processor foresees.
constexpr int64_t kChunk = 16;

// Rows begin .. end - 1 of b, to the level-2 cache.
void ask_for(const SparseMultiply& m, int64_t b_row, int64_t begin, int64_t end) {
#ifdef __GNUC__
  for (int64_t k = begin; k < end; ++k)
    for (int64_t p = 0; p < m.panels; ++p)
      for (int64_t j = 0; j < kPanel; j += kPanel / 2)  // a line of the cache
        __builtin_prefetch(m.b + k * b_row + p * m.b_panel + j, 0, 2);
#else
  (void)m, (void)b_row, (void)begin, (void)end;
#endif
}

}  // namespace

NonzeroLists::NonzeroLists(int64_t rows, int64_t cols)
    : most_(cols + kCompressScratch),
      entries_(rows * most_),
      lists_(static_cast<std::size_t>(rows * ((cols + kDepth - 1) / kDepth))) {}

double NonzeroLists::share(const float* a, int64_t stride, int64_t rows, int64_t cols) {
  constexpr int64_t kEvery = 16;
  int64_t seen = 0, nonzeros = 0;
  for (int64_t r = 0; r < rows; r += kEvery) {
    std::int32_t found = 0;
    for (int64_t c = 0; c < cols; ++c) found += a[r * stride + c] != 0 ? 1 : 0;
    nonzeros += found;
    seen += cols;
  }
  return seen > 0 ? static_cast<double>(nonzeros) / static_cast<double>(seen) : 1;
}

void NonzeroLists::fill(const KernelTable& kernels, const float* a, int64_t stride, int64_t rows,
                        int64_t cols, int64_t b_row) {
  rows_ = rows;
  cols_ = cols;
  b_row_ = b_row;
  const auto row_bytes = static_cast<std::uint32_t>(b_row * static_cast<int64_t>(sizeof(float)));
  for (int64_t r = 0; r < rows; ++r) {
    SparseEntry* out = entries_.data() + r * most_;
    for (int64_t k = 0, block = 0; k < cols; k += kDepth, ++block) {
      const int64_t count = kernels.compress_f32(a + r * stride + k, 1, std::min(kDepth, cols - k),
                                                 1.0F, row_bytes, out);
      lists_[static_cast<std::size_t>(block * rows + r)] = {out, static_cast<std::int32_t>(count),
                                                            static_cast<std::int32_t>(r)};
      out += count;
    }
  }
}

void NonzeroLists::multiply(const KernelTable& kernels, const ListedMultiply& args) const {
  for (int64_t p = 0; p < args.panels; p += kBlockPanels)
    for (int64_t k = 0, block = 0; k < cols_; k += kDepth, ++block) {
      SparseMultiply product{};
      product.panels = std::min(kBlockPanels, args.panels - p);
      product.b = args.b + p * args.b_panel + k * b_row_;
      product.b_panel = args.b_panel;
      product.c = args.c + p * kPanel;
      product.c_panel = kPanel;
      product.c_stride = args.c_stride;
      product.bias = args.bias != nullptr ? args.bias + p * kPanel : nullptr;
      product.adds = block > 0;
      const int64_t behind = std::max<int64_t>(0, std::min(kDepth, cols_ - k - kDepth));
      for (int64_t r = 0; r < rows_; r += kChunk) {
        product.list = lists_.data() + block * rows_ + r;
        product.rows = std::min(kChunk, rows_ - r);
        kernels.sparse_multiply_block(product);
        ask_for(product, b_row_, kDepth + behind * r / rows_,
                kDepth + behind * (r + product.rows) / rows_);
      }
    }
}

}  // namespace digitnet::cpu
