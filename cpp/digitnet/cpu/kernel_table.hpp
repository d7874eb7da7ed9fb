#pragma once
// THE INSTRUCTION-SET SEAM. One table of function pointers per instruction set; everything above it
// is compiled once, for the baseline processor, and calls through the table.
//
// Conventions for every kernel here
//  - float32, row-major, element (r, c) of a matrix m at m[r * m_stride + c], strides in elements.
//  - A "padded" matrix starts on a 64-byte boundary, its stride is a multiple of kPanel (32), and
//  its
//    padding columns, up to the next multiple of kPanel, exist and may be read; they hold zeros
//    and, as long as all numbers are finite, the kernels keep them so. Counts (rows, cols, depth)
//    may be any number >= 0 unless stated.
//  - Arguments do not overlap unless stated.
//  - Every output element has one order of summation, which depends on the shapes alone.
//  - Kernels neither allocate nor throw.
//
// Files compiled with -mavx512f and the like include this header: they may read its data, but must
// not call a function of it (or of any other shared header), which the linker could pick for
// everyone.

#include <cstdint>

#include "digitnet/activation.hpp"
#include "digitnet/loss.hpp"
#include "digitnet/tile_shape.hpp"
#include "digitnet/update_rule.hpp"

namespace digitnet::cpu {

using std::int64_t;

// Columns of a parameter panel: two AVX-512 registers, four AVX2 registers.
inline constexpr int64_t kPanel = 32;
inline constexpr int64_t kAlignment = 64;
// Panels that a blocked product takes at a time: 96 columns.
inline constexpr int64_t kBlockPanels = 3;

// c(r, j) = start(r, j) + sum over k = 0 .. depth-1, ascending, of a(r, k) b(k, j)
//   rows x cols, cols <= kPanel.  a(r, k) at a[r * a_row + k * a_depth]: plain (a_depth 1) or
//   transposed. b(k, j) at b[k * b_stride + j]: aligned, readable to kPanel columns, b_stride a
//   multiple of 16. c: aligned, writable to kPanel columns if cols > 16, else to 16; c_stride a
//   multiple of 16. start(r, j) = bias[j] (aligned, readable to kPanel) if bias,
//   else 0. Columns of c behind cols, up to there, stay as they are or get the sums of b's and
//   bias' padding (by instruction set): who reads them clears c first.
struct Multiply {
  int64_t rows, cols, depth;
  const float* a;
  int64_t a_row, a_depth;
  const float* b;
  int64_t b_stride;
  float* c;
  int64_t c_stride;
  const float* bias;
};

// A non-zero: where its row of b begins, in bytes from b, and its value.
struct SparseEntry {
  std::uint32_t offset;
  float value;
};

// Entries behind the last one that compress may overwrite: vectors are stored whole.
inline constexpr int64_t kCompressScratch = 16;

// The non-zeros of one row of a, in ascending order of k.
struct SparseRow {
  const SparseEntry* entries;
  std::int32_t count;
  std::int32_t row;  // of c
};

// Multiply with the zeros of a left out, which changes no bit of c (finite b given, and up to the
// sign of a zero): the same sums in the same order, c(list[i].row, j) = start + sum of value b(k,
// j) over the entries, one after the other.
//   list (rows,): rows of c that it does not name stay as they are; fastest where it is sorted by
//   count, since neighbours run side by side. b, c: `panels` panels of kPanel columns each; panel p
//   of b begins at b + p * b_panel (in floats), its rows lie where the entries say; panel p of c at
//   c + p * c_panel, row r at + r * c_stride. bias (panels * kPanel,) or null: zeros. b, c, bias
//   aligned, all steps multiples of 16.
//   descends: c(list[i].row, j) -= rate * sum instead (bias null), the step that `sgd` would take
//   without momentum and decay; rows without entries keep their bits.
//   adds: start is c itself (sparse_multiply_block alone).
struct SparseMultiply {
  const SparseRow* list;
  int64_t rows, panels;
  const float* b;
  int64_t b_panel;
  float* c;
  int64_t c_panel, c_stride;
  const float* bias;
  bool descends = false;
  float rate = 0;
  bool adds = false;
};

// Row losses and the gradient with respect to the network's output, for `rows` samples.
//   output (rows, cols), padded: in: the output (or, if fused, z of the last layer);
//          out: unchanged (or, if fused, the probabilities softmax(z) / sigmoid(z)).
//   fused: the last activation (softmax, or sigmoid for binary cross-entropy) is part of the loss
//   and
//          delta is the gradient with respect to z. Never together with loss.from_logits.
//   labels (rows,): class indices in [0, cols), where loss.takes_labels(); targets (rows, cols),
//          any alignment, otherwise.
//   weights (rows,) or null: factors of the row losses and gradients.
//   delta (rows, cols), padded, or null: d(sum_r scale weights[r] row_loss[r]) / d(output or z).
//   row_loss (rows,): weights[r] times the row's loss.
struct LossRows {
  Loss loss;
  bool fused;
  int64_t rows, cols;
  float* output;
  int64_t output_stride;
  const std::int32_t* labels;
  const float* targets;
  int64_t targets_stride;
  const float* weights;
  float scale;
  float* delta;
  int64_t delta_stride;
  double* row_loss;
};

// mask(r, c) = 0 with probability rate, else 1 / (1 - rate); rate in [0, 1).
// Element (r, c) is dropped where word c % 4 of Philox(seed, {first_row + r, c / 4, iteration (low
// 32 bits), layer << 8 | Stream::kDropout}), as an integer, is below rate * 2^32 (rounded down).
struct DropoutMask {
  int64_t rows, cols;
  float rate;
  std::uint64_t seed, iteration;
  std::uint32_t first_row, layer;
  float* mask;  // (rows, cols), padded
  int64_t mask_stride;
};

// Numbers in (-1, 1) from Philox; with v = word i % 4 of Philox(seed,
// {counter[0] + i / 4, counter[1], counter[2], counter[3]}), 0 <= i < count,
//   low[i] = (2 (v mod 2^16) - 65535) / 65536,  high[i] = (2 floor(v / 2^16) - 65535) / 65536.
struct Noise {
  std::uint64_t seed;
  std::uint32_t counter[4];
  int64_t count;
  float *low, *high;  // aligned, writable to the next multiple of 64
};

// out[j] = sum over k = 0 .. taps-1, ascending, of weights[k] in[k * step + j], 0 <= j < cols. Each
// product and each sum is rounded: all instruction sets give the same bits.
//   in: any alignment and step, every row readable to the next multiple of kPanel columns; out:
//   aligned, writable to there.
struct Filter {
  const float* weights;
  int64_t taps;
  const float* in;
  int64_t step, cols;
  float* out;
};

struct KernelTable {
  const char* name;
  TileShape multiply_tile, sparse_tile;  // outputs that are summed side by side, in registers
  // The share of non-zeros below which skipping the others pays: where the two ways met over whole
  // epochs of 784-500-10, with zeros at random, on a Zen 4 (bench/crossover.py), or a little below.
  double skip_below;
  // The same between the layers, in blocks (nonzero_lists.hpp; bench/hidden_zeros.py). 0: never.
  double skip_hidden_below;

  void (*multiply)(const Multiply& args);
  void (*sparse_multiply)(const SparseMultiply& args);
  // The same for at most kBlockPanels panels, never with descends: fastest where b, as far as the
  // entries reach, stays in the nearest cache and the rows have dozens of entries.
  void (*sparse_multiply_block)(const SparseMultiply& args);

  // Writes the non-zeros among src[i * src_step], 0 <= i < count, as entries with offset
  // i * offset_step and value float(src[..]) * scale (zeros of src are left out, whatever the
  // scale); returns how many. May scratch
  // kCompressScratch entries behind them.
  int64_t (*compress_u8)(const std::uint8_t* src, int64_t src_step, int64_t count, float scale,
                         std::uint32_t offset_step, SparseEntry* entries);
  int64_t (*compress_f32)(const float* src, int64_t src_step, int64_t count, float scale,
                          std::uint32_t offset_step, SparseEntry* entries);

  // dst(c, r) = src(r, c): a rows x cols block, both at most kPanel; src and dst aligned, strides
  // multiples of 16. Columns rows .. kPanel-1 of dst are set to zero.
  void (*transpose)(const float* src, int64_t src_stride, int64_t rows, int64_t cols, float* dst,
                    int64_t dst_stride);

  // dst[i] = float(src[i * src_step]) * scale + offset, 0 <= i < count. src any alignment; dst
  // aligned; the multiplication and the addition round once each.
  void (*convert_u8)(const std::uint8_t* src, int64_t src_step, int64_t count, float scale,
                     float offset, float* dst);
  void (*convert_f32)(const float* src, int64_t src_step, int64_t count, float scale, float offset,
                      float* dst);

  // a = activation(z). z and a padded, same stride, may be the same matrix.
  // alpha: slope of leaky_relu, alpha of elu. Softmax normalises each row over cols.
  void (*activate)(Activation activation, float alpha, int64_t rows, int64_t cols, const float* z,
                   float* a, int64_t stride);

  // d <- dz, from d = da, the gradient with respect to a. z is read only where
  // needs_preactivation(activation), and may be null elsewhere. All padded, each with its stride.
  void (*activate_backward)(Activation activation, float alpha, int64_t rows, int64_t cols,
                            const float* z, const float* a, int64_t stride, float* d,
                            int64_t d_stride);

  void (*loss_rows)(const LossRows& args);

  void (*dropout_mask)(const DropoutMask& args);

  void (*noise)(const Noise& args);

  void (*filter)(const Filter& args);

  // out = x * y elementwise, padded, one stride for all; out may be x.
  void (*product)(int64_t rows, int64_t cols, const float* x, const float* y, float* out,
                  int64_t stride);

  // sums[c] += sum over rows, ascending, of d(r, c); sums aligned, d padded.
  void (*sum_rows)(int64_t rows, int64_t cols, const float* d, int64_t d_stride, float* sums);

  // One optimizer step on count consecutive parameters (count a multiple of 16, all aligned), with
  // g + l2 * w as the gradient. velocity is null where sgd.momentum == 0.
  void (*sgd)(const Sgd& sgd, float l2, int64_t count, float* w, const float* g, float* velocity);

  // The same of Adam. Every operation rounds once, in the order of the formulas.
  void (*adam)(const AdamStep& step, float l2, int64_t count, float* w, const float* g, float* m,
               float* v);

  // g[i] becomes what clip says, for count consecutive parameters w (count a multiple of 16, all
  // aligned); the products, the sum and the limits one after the other.
  void (*clip)(const Clip& clip, int64_t count, const float* w, float* g);

  // Scales every column of a panel w (rows, kPanel), aligned, to a norm of at most limit, as Keras
  // 3: by min(norm, limit) / (1e-7 + norm). A column's squares are summed over 32 rows, ascending,
  // and those sums likewise.
  void (*max_norm)(int64_t rows, float limit, float* w);

  // Sum of squares of count consecutive floats (count a multiple of 16, aligned), accumulated in
  // double.
  double (*sum_squares)(int64_t count, const float* w);
};

extern const KernelTable kGenericKernels;
#ifdef DIGITNET_X86_KERNELS
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvx512Kernels;
#endif

}  // namespace digitnet::cpu
