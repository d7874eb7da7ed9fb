// Compiled without fused multiply-adds, as the kernels are: see gather_samples.
#include "digitnet/cpu/gather.hpp"

#include <algorithm>

namespace digitnet::cpu {
namespace {

// Rows in random order are met one cache miss a line, unless they are asked for ahead of time.
constexpr int64_t kAhead = 2;

constexpr int64_t kMostAhead = 4096;  // bytes; behind them the processor looks ahead by itself

template <class Number>
void prefetch(const Number* begin, int64_t count) {
#ifdef __GNUC__
  const char* bytes = reinterpret_cast<const char*>(begin);
  const int64_t size = std::min(count * static_cast<int64_t>(sizeof(Number)), kMostAhead);
  for (int64_t at = 0; at < size; at += kAlignment) __builtin_prefetch(bytes + at);
#else
  (void)begin, (void)count;
#endif
}

template <class Number>
const Number* row_of(const Samples& x, int64_t sample) {
  return static_cast<const Number*>(x.data) + sample * x.row_step;
}

void prefetch_row(const Samples& x, int64_t sample) {
  if (x.is_csr()) {
    visit_csr(x, [&](const auto* values, const auto* indptr, const auto* indices) {
      const auto [begin, count] = stored_row(x, indptr, sample);
      prefetch(values + begin, count);
      prefetch(indices + begin, count);
    });
  } else if (x.feature_step == 1) {
    if (x.type == ElementType::kUint8)
      prefetch(row_of<std::uint8_t>(x, sample), x.features);
    else
      prefetch(row_of<float>(x, sample), x.features);
  }
}

template <class One>
void for_each_row(const Samples& x, const std::uint32_t* order, int64_t first, RowRange rows,
                  One one) {
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    if (order != nullptr && r + kAhead < rows.end) prefetch_row(x, order[r + kAhead]);
    one(r, order != nullptr ? static_cast<int64_t>(order[r]) : first + r);
  }
}

// As stored_row: whatever the caller's arrays say by now, nothing is written out of bounds.
template <class Index>
std::uint64_t column_of(Index index, int64_t features) {
  return std::min(static_cast<std::uint64_t>(index), static_cast<std::uint64_t>(features - 1));
}

// What compress writes for a row. A zero's entry is overwritten by the next one, so that there is
// no branch on the data.
template <class Number, class Index>
int64_t write_entries(const Number* values, const Index* columns, int64_t count, int64_t features,
                      float scale, SparseEntry* entries) {
  SparseEntry* out = entries;
  for (int64_t k = 0; k < count; ++k) {
    *out = {static_cast<std::uint32_t>(column_of(columns[k], features)) * kPanelRowBytes,
            static_cast<float>(values[k]) * scale};
    out += values[k] != 0;
  }
  return out - entries;
}

// What convert writes for a row.
template <class Number, class Index>
void write_row(const Number* values, const Index* columns, int64_t count, float scale, float offset,
               int64_t features, float* row) {
  const float nothing = 0 * scale;  // of the sign of scale, which an offset of -0 would show
  std::fill_n(row, features, nothing + offset);
  for (int64_t k = 0; k < count; ++k) {
    const float scaled = static_cast<float>(values[k]) * scale;
    row[column_of(columns[k], features)] = scaled + offset;
  }
}

}  // namespace

void gather_samples(const KernelTable& kernels, const Samples& x, const std::uint32_t* order,
                    int64_t first, RowRange rows, float scale, float offset, PaddedMatrix& out) {
  if (x.is_csr()) {
    visit_csr(x, [&](const auto* values, const auto* indptr, const auto* indices) {
      for_each_row(x, order, first, rows, [&](int64_t r, int64_t sample) {
        const auto [begin, count] = stored_row(x, indptr, sample);
        write_row(values + begin, indices + begin, count, scale, offset, x.features, out.row(r));
      });
    });
    return;
  }
  for_each_row(x, order, first, rows, [&](int64_t r, int64_t sample) {
    if (x.type == ElementType::kUint8)
      kernels.convert_u8(row_of<std::uint8_t>(x, sample), x.feature_step, x.features, scale, offset,
                         out.row(r));
    else
      kernels.convert_f32(row_of<float>(x, sample), x.feature_step, x.features, scale, offset,
                          out.row(r));
  });
}

void gather_nonzeros(const KernelTable& kernels, const Samples& x, const std::uint32_t* order,
                     int64_t first, RowRange rows, float scale, SparseInput& out) {
  if (x.is_csr()) {
    visit_csr(x, [&](const auto* values, const auto* indptr, const auto* indices) {
      for_each_row(x, order, first, rows, [&](int64_t r, int64_t sample) {
        const auto [begin, stored] = stored_row(x, indptr, sample);
        const std::int64_t count = std::min(stored, out.most());
        out.set_count(r, write_entries(values + begin, indices + begin, count, x.features, scale,
                                       out.row_entries(r)));
      });
    });
    return;
  }
  for_each_row(x, order, first, rows, [&](int64_t r, int64_t sample) {
    out.set_count(
        r, x.type == ElementType::kUint8
               ? kernels.compress_u8(row_of<std::uint8_t>(x, sample), x.feature_step, x.features,
                                     scale, kPanelRowBytes, out.row_entries(r))
               : kernels.compress_f32(row_of<float>(x, sample), x.feature_step, x.features, scale,
                                      kPanelRowBytes, out.row_entries(r)));
  });
}

}  // namespace digitnet::cpu
