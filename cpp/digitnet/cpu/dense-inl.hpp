#pragma once
// The matrix product of every dense layer, register-tiled, for whichever Register the including
// file chose.
//
// A tile of kTileRows outputs by kTileVectors registers stays in registers while k runs: per k it
// loads kTileVectors registers of b, broadcasts kTileRows values of a and does the product of the
// two counts in fused multiply-adds. Each output has one accumulator and k ascends, so both
// instruction sets, all tile shapes and all row splits give the same bits.

#include "digitnet/cpu/kernel_table.hpp"

namespace digitnet::cpu {
namespace {

#ifdef __AVX512F__
constexpr int kTileRows = 12;  // 24 accumulators of 32 registers
constexpr int kUnroll = 1;
#else
constexpr int kTileRows = 6;  // 12 accumulators of 16 registers
// It takes twice the instructions for the same work: those that keep the loop going cost 1 to 3 %,
// and more where another process shares the core.
constexpr int kUnroll = 4;
#endif
constexpr int kTileVectors = 2;
constexpr int64_t kTileCols = kTileVectors * kRegisterLanes;

// How far ahead, in k, the values of a transposed matrix are asked for: each lies on another page,
// where no processor looks ahead by itself.
constexpr int64_t kAhead = 16;

// One tile of R rows and V registers, rows row .., columns col .., of m's product. kTransposed: its
// rows are neighbours in a.
template <int R, int V, bool kTransposed>
void tile(const Multiply& m, int64_t row, int64_t col) {
  float* c = m.c + row * m.c_stride + col;
  const float* b = m.b + col;
  Register sum[R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v)
      sum[r][v] =
          m.bias != nullptr ? load_register(m.bias + col + v * kRegisterLanes) : zero_register();
  // Three rows share a pointer: with one each, twelve would not fit the general registers.
  constexpr int kGroups = (R + 2) / 3;
  const float* a[kGroups];
#pragma GCC unroll 4
  for (int g = 0; g < kGroups; ++g) a[g] = m.a + (row + int64_t{3} * g) * m.a_row;
  const int64_t step = m.a_row, step2 = 2 * m.a_row, a_depth = m.a_depth, b_stride = m.b_stride;
#pragma GCC unroll kUnroll
  for (int64_t k = 0; k < m.depth; ++k) {
    Register right[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) right[v] = load_register(b + v * kRegisterLanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const float* p = a[r / 3];
      const Register left = broadcast_register(r % 3 == 0 ? p[0] : r % 3 == 1 ? p[step] : p[step2]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sum[r][v] = fma(left, right[v], sum[r][v]);
    }
    b += b_stride;
    if (kTransposed) prefetch(a[0] + kAhead * a_depth + R - 1);
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g) a[g] += a_depth;
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) store(c + r * m.c_stride + v * kRegisterLanes, sum[r][v]);
}

using TileFunction = void (*)(const Multiply&, int64_t, int64_t);

template <int V, bool kTransposed>
struct Tiles {
  template <int R>
  static constexpr TileFunction of = tile<R, V, kTransposed>;
#ifdef __AVX512F__
  static constexpr TileFunction of_rows[kTileRows + 1] = {nullptr, of<1>,  of<2>, of<3>, of<4>,
                                                          of<5>,   of<6>,  of<7>, of<8>, of<9>,
                                                          of<10>,  of<11>, of<12>};
#else
  static constexpr TileFunction of_rows[kTileRows + 1] = {nullptr, of<1>, of<2>, of<3>,
                                                          of<4>,   of<5>, of<6>};
#endif
};

// The whole depth at once: cutting it so that a slice of b stays in the level-1 cache measured 1 to
// 5 % slower, for b streams well from the next one.
template <bool kTransposed>
void multiply_tiles(const Multiply& m) {
  for (int64_t row = 0; row < m.rows; row += kTileRows) {
    const int64_t rows = m.rows - row < kTileRows ? m.rows - row : kTileRows;
    // With AVX2 a panel is two tiles wide: the rows of a serve both while they are in the nearest
    // cache.
    for (int64_t col = 0; col < m.cols; col += kTileCols) {
      const bool wide = m.cols - col > kRegisterLanes;
      const TileFunction tile = wide ? Tiles<kTileVectors, kTransposed>::of_rows[rows]
                                     : Tiles<1, kTransposed>::of_rows[rows];
      tile(m, row, col);
    }
  }
}

void multiply(const Multiply& m) {
  if (m.a_row == 1)
    multiply_tiles<true>(m);
  else
    multiply_tiles<false>(m);
}

// dst(c, r) = src(r, c), 8 x 8.
DIGITNET_INLINE void transpose_square(const float* src, int64_t src_stride, float* dst,
                                      int64_t dst_stride) {
  __m256 row[8], pair[8];
#pragma GCC unroll 8
  for (int r = 0; r < 8; ++r) row[r] = _mm256_load_ps(src + r * src_stride);
#pragma GCC unroll 4
  for (int r = 0; r < 8; r += 2) {
    pair[r] = _mm256_unpacklo_ps(row[r], row[r + 1]);
    pair[r + 1] = _mm256_unpackhi_ps(row[r], row[r + 1]);
  }
  // Columns c and c + 4 of four rows, in the halves of a register.
#pragma GCC unroll 2
  for (int r = 0; r < 8; r += 4) {
    row[r] = _mm256_shuffle_ps(pair[r], pair[r + 2], 0x44);
    row[r + 1] = _mm256_shuffle_ps(pair[r], pair[r + 2], 0xEE);
    row[r + 2] = _mm256_shuffle_ps(pair[r + 1], pair[r + 3], 0x44);
    row[r + 3] = _mm256_shuffle_ps(pair[r + 1], pair[r + 3], 0xEE);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    _mm256_store_ps(dst + c * dst_stride, _mm256_permute2f128_ps(row[c], row[c + 4], 0x20));
    _mm256_store_ps(dst + (c + 4) * dst_stride, _mm256_permute2f128_ps(row[c], row[c + 4], 0x31));
  }
}

// A block is 4 KiB and stays in the nearest cache.
void transpose(const float* src, int64_t src_stride, int64_t rows, int64_t cols, float* dst,
               int64_t dst_stride) {
  const int64_t whole_rows = rows / 8 * 8, whole_cols = cols / 8 * 8;
  for (int64_t c = 0; c < whole_cols; c += 8)
    for (int64_t r = 0; r < whole_rows; r += 8)
      transpose_square(src + r * src_stride + c, src_stride, dst + c * dst_stride + r, dst_stride);
  for (int64_t c = 0; c < cols; ++c) {
    float* out = dst + c * dst_stride;
    for (int64_t r = c < whole_cols ? whole_rows : 0; r < rows; ++r)
      out[r] = src[r * src_stride + c];
    for (int64_t r = rows; r < kPanel; ++r) out[r] = 0;
  }
}

}  // namespace
}  // namespace digitnet::cpu
