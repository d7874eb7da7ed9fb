#pragma once
// The matrix product with the zeros of its left side left out, after vector_avx2.hpp or
// vector_avx512.hpp.
//
// Limits: per non-zero and vector of columns one load of b and one fused multiply-add, per non-zero
// one load of the entry, offset and value together. A sum is one chain of dependent additions (that
// is what keeps the bits those of the dense product), so several rows run side by side to hide
// their latency, and a row takes as many vectors as the registers hold to share the entry's cost.

#include <cstring>

#include "digitnet/cpu/kernel_table.hpp"

namespace digitnet::cpu {
namespace {

#ifdef __AVX512F__
constexpr int kSparseRows = 4, kSparsePanels = 2;  // 16 accumulators of 32 registers
#else
constexpr int kSparseRows = 2, kSparsePanels = 1;  // 8 (a Vec is two) of 16
#endif
constexpr int kPanelVectors = static_cast<int>(kPanel / kLanes);

// sum[.] += value * row of b, for P panels
template <int P>
DIGITNET_INLINE void add_entry(const SparseMultiply& m, const SparseEntry& entry,
                               Vec (&sum)[P * kPanelVectors]) {
  std::uint64_t both = 0;
  std::memcpy(&both, &entry, sizeof both);
  const char* row = reinterpret_cast<const char*>(m.b) + static_cast<std::uint32_t>(both);
  const auto* b = reinterpret_cast<const float*>(row);
  const Vec value = broadcast_bits(static_cast<std::uint32_t>(both >> 32));
#pragma GCC unroll 4
  for (int p = 0; p < P; ++p)
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v) {
      Vec& s = sum[p * kPanelVectors + v];
      s = fma(value, load(b + p * m.b_panel + v * kLanes), s);
    }
}

// R rows of the list, P panels. Side by side as far as the shortest (the first, where the list is
// sorted) reaches, then each to its end.
template <int R, int P>
void sparse_rows(const SparseMultiply& m, const SparseRow* list) {
  constexpr int kVectors = P * kPanelVectors;
  const Vec rate = broadcast(m.rate);
  Vec sum[R][kVectors];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v)
      sum[r][v] = m.bias != nullptr ? load(m.bias + v * kLanes) : zero();
  std::int32_t shared = list[0].count;
#pragma GCC unroll 4
  for (int r = 1; r < R; ++r) shared = list[r].count < shared ? list[r].count : shared;
  for (std::int32_t e = 0; e < shared; ++e)
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) add_entry<P>(m, list[r].entries[e], sum[r]);
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
    for (std::int32_t e = shared; e < list[r].count; ++e)
      add_entry<P>(m, list[r].entries[e], sum[r]);
    float* c = m.c + list[r].row * m.c_stride;
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p)
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v) {
        float* at = c + p * m.c_panel + v * kLanes;
        const Vec s = sum[r][p * kPanelVectors + v];
        store(at, m.descends ? fnma(rate, s, load(at)) : s);
      }
  }
}

template <int P>
void sparse_panels(const SparseMultiply& m) {
  int64_t i = 0;
  if (m.descends)  // where the list is sorted, the rows without entries come first
    while (i < m.rows && m.list[i].count == 0) ++i;
  for (; i + kSparseRows <= m.rows; i += kSparseRows) sparse_rows<kSparseRows, P>(m, m.list + i);
  for (; i < m.rows; ++i) sparse_rows<1, P>(m, m.list + i);
}

// In blocks, loads of b limit it: one row of the list, whose entry serves all P panels; for three
// in twelve accumulators (AVX2) or six.
template <int P>
void block_row(const SparseMultiply& m, const SparseRow& row) {
  constexpr int kVectors = P * kPanelVectors;
  const char* b[P];
  float* c[P];
#pragma GCC unroll 4
  for (int p = 0; p < P; ++p) {
    b[p] = reinterpret_cast<const char*>(m.b + p * m.b_panel);
    c[p] = m.c + p * m.c_panel + row.row * m.c_stride;
  }
  Vec sum[kVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v)
    sum[v] = m.adds              ? load(c[v / kPanelVectors] + v % kPanelVectors * kLanes)
             : m.bias != nullptr ? load(m.bias + v * kLanes)
                                 : zero();
  const SparseEntry* end = row.entries + row.count;
  for (const SparseEntry* entry = row.entries; entry < end; ++entry) {
    const Vec value = broadcast(entry->value);
    const std::uint64_t offset = entry->offset;
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const auto* right = reinterpret_cast<const float*>(b[v / kPanelVectors] + offset);
      sum[v] = fma(value, load(right + v % kPanelVectors * kLanes), sum[v]);
    }
  }
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v)
    store(c[v / kPanelVectors] + v % kPanelVectors * kLanes, sum[v]);
}

template <int P>
void block_rows(const SparseMultiply& m) {
  for (int64_t i = 0; i < m.rows; ++i) block_row<P>(m, m.list[i]);
}

void sparse_multiply_block(const SparseMultiply& m) {
  static_assert(kBlockPanels == 3);
  if (m.panels == 3)
    block_rows<3>(m);
  else if (m.panels == 2)
    block_rows<2>(m);
  else if (m.panels == 1)
    block_rows<1>(m);
}

void sparse_multiply(const SparseMultiply& args) {
  SparseMultiply m = args;
  while (m.panels > 0) {
    const int64_t taken = m.panels < kSparsePanels ? 1 : kSparsePanels;
    if (taken == 1) {
      sparse_panels<1>(m);
    } else {
      sparse_panels<kSparsePanels>(m);
    }
    m.b += taken * m.b_panel;
    m.c += taken * m.c_panel;
    if (m.bias != nullptr) m.bias += taken * kPanel;
    m.panels -= taken;
  }
}

// Appends an entry for every bit of mask, bit i standing for src[i * src_step].
template <class Number>
DIGITNET_INLINE SparseEntry* append_bits(std::uint64_t mask, const Number* src, int64_t src_step,
                                         float scale, std::uint32_t offset,
                                         std::uint32_t offset_step, SparseEntry* out) {
  for (; mask != 0; mask &= mask - 1) {
    const int i = lowest_bit(mask);
    *out++ = {offset + static_cast<std::uint32_t>(i) * offset_step,
              static_cast<float>(src[i * src_step]) * scale};
  }
  return out;
}

// The same for 64 neighbours (src_step 1), of which some are not zero.
template <class Number>
DIGITNET_INLINE SparseEntry* append64(std::uint64_t mask, const Number* src, float scale,
                                      std::uint32_t offset, std::uint32_t offset_step,
                                      SparseEntry* out) {
#ifdef __AVX512F__
  // No branch on the data: sixteen lanes at a time move together and are stored whole; what lies
  // behind the last entry is overwritten by the next ones.
  for (int v = 0; v < 4; ++v, mask >>= kLanes, src += kLanes) {
    const auto lanes = static_cast<__mmask16>(mask);
    const __m512 values = _mm512_maskz_compress_ps(lanes, mul(load16(src), broadcast(scale)).v);
    const __m512i places = _mm512_maskz_compress_epi32(lanes, lane_offsets(offset, offset_step));
    store_pairs(places, _mm512_castps_si512(values), out);
    out += count_bits(lanes);
    offset += static_cast<std::uint32_t>(kLanes) * offset_step;
  }
  return out;
#else
  return append_bits(mask, src, 1, scale, offset, offset_step, out);
#endif
}

template <class Number>
int64_t compress(const Number* src, int64_t src_step, int64_t count, float scale,
                 std::uint32_t offset_step, SparseEntry* entries) {
  constexpr int64_t kBits = 64;
  SparseEntry* out = entries;
  for (int64_t i = 0; i < count; i += kBits) {
    const Number* at = src + i * src_step;
    const auto offset = static_cast<std::uint32_t>(i) * offset_step;
    if (src_step == 1 && i + kBits <= count) {
      const std::uint64_t mask = nonzero_mask64(at);
      if (mask != 0) out = append64(mask, at, scale, offset, offset_step, out);
      continue;
    }
    std::uint64_t mask = 0;
    const int64_t rest = count - i < kBits ? count - i : kBits;
    for (int64_t j = 0; j < rest; ++j)
      mask |= static_cast<std::uint64_t>(at[j * src_step] != 0) << j;
    out = append_bits(mask, at, src_step, scale, offset, offset_step, out);
  }
  return out - entries;
}

int64_t compress_u8(const std::uint8_t* src, int64_t src_step, int64_t count, float scale,
                    std::uint32_t offset_step, SparseEntry* entries) {
  return compress(src, src_step, count, scale, offset_step, entries);
}

int64_t compress_f32(const float* src, int64_t src_step, int64_t count, float scale,
                     std::uint32_t offset_step, SparseEntry* entries) {
  return compress(src, src_step, count, scale, offset_step, entries);
}

}  // namespace
}  // namespace digitnet::cpu
