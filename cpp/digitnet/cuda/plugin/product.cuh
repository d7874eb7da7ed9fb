#pragma once
// The product of every dense layer: a tile c(i, j) = start(j) + sum over k of a(i, k) b(k, j), for
// a whole block.
//
// Both operands pass through shared memory in slices of kSlice depths, as [depth][index], twice:
// one slice is read while the next is on its way. The index is swizzled (index ^ 4 (depth / 4 % 8))
// and a depth takes kIndexes + 8 words, so that neither the stores of either orientation nor the
// loads of fragments meet in a bank (those of bfloat16 do, in twos). Every sum runs over ascending
// k in one chain: the same bits in every run, and with kFloat32 those of the CPU engine.

#include "digitnet/cuda/plugin/arithmetic.cuh"
#include "digitnet/cuda/plugin/matrix_instruction.cuh"
#include "digitnet/cuda/plugin/operand.cuh"

namespace digitnet::cuda {

constexpr int kSlice = 32;  // depths

// kIndexes rows of a, or columns of b: what a thread carries of a slice, and where it lies.
template <int kIndexes>
struct SliceOf {
  static constexpr int kStride = kIndexes + 8;
  static constexpr int kWords = kSlice * kStride;
  static constexpr int kFours = kIndexes * kSlice / 4 / kBlockThreads;  // for each thread
  static_assert(kFours * 4 * kBlockThreads == kIndexes * kSlice);

  static DIGITNET_DEVICE int at(int depth, int index) {
    return depth * kStride + (index ^ (depth / 4 % 8 * 4));
  }

  // Number `part` of the thread's fours: where it begins, and whether it runs along the depth.
  struct Where {
    int depth, index;
  };
  static DIGITNET_DEVICE Where where(int part, bool along_depth) {
    const int number = thread_index() + part * kBlockThreads;
    if (along_depth) return {number % (kSlice / 4) * 4, number / (kSlice / 4)};
    return {number / (kIndexes / 4), number % (kIndexes / 4) * 4};
  }

  static DIGITNET_DEVICE void fetch(const Operand& m, int64_t first_index, int64_t first_depth,
                                    Four (&fours)[kFours]) {
    DIGITNET_UNROLL
    for (int part = 0; part < kFours; ++part) {
      const Where w = where(part, m.along_depth);
      const int64_t index = first_index + w.index, depth = first_depth + w.depth;
      fours[part] = m.along_depth ? fetch4(m, index, depth) : fetch4(m, depth, index);
    }
  }

  static DIGITNET_DEVICE void store(bool along_depth, const Four (&fours)[kFours], float* slice) {
    DIGITNET_UNROLL
    for (int part = 0; part < kFours; ++part) {
      const Where w = where(part, along_depth);
      if (along_depth) {
        DIGITNET_UNROLL
        for (int i = 0; i < 4; ++i) slice[at(w.depth + i, w.index)] = fours[part].v[i];
      } else {
        *reinterpret_cast<Four*>(slice + at(w.depth, w.index)) = fours[part];
      }
    }
  }
};

// The block's accumulators of a kRows x kCols tile.
template <Math kMath, int kRows, int kCols>
struct Accumulators {
  // 2 x 4 warps, each with matrix instructions of 16 x 8
  static constexpr int kWarpRows = kRows / 2, kWarpCols = kCols / 4;
  static constexpr int kDown = kWarpRows / 16, kAcross = kWarpCols / 8, kTileCols = kCols;
  float sum[kDown][kAcross][4];

  static DIGITNET_DEVICE int row_of(int down, int i) {
    return warp_index() / 4 * kWarpRows + down * 16 + lane_index() / 4 + i / 2 * 8;
  }
  static DIGITNET_DEVICE int col_of(int across, int i) {
    return warp_index() % 4 * kWarpCols + across * 8 + lane_index() % 4 * 2 + i % 2;
  }

  // f(row, column, sum) for all that the thread holds
  template <class F>
  DIGITNET_DEVICE void for_each(F f) {
    DIGITNET_UNROLL
    for (int down = 0; down < kDown; ++down) DIGITNET_UNROLL
    for (int across = 0; across < kAcross; ++across) DIGITNET_UNROLL
    for (int i = 0; i < 4; ++i) f(row_of(down, i), col_of(across, i), sum[down][across][i]);
  }

  // The register of a fragment that holds depth k (and k + 1) of an index.
  template <class Slice>
  static DIGITNET_DEVICE std::uint32_t factor(const float* slice, int k, int index) {
    if (kMath == Math::kTf32) return to_tf32(slice[Slice::at(k, index)]);
    return to_bfloat16_pair(slice[Slice::at(k, index)], slice[Slice::at(k + 1, index)]);
  }

  DIGITNET_DEVICE void add_slice(const float* a, const float* b) {
    using A = SliceOf<kRows>;
    using B = SliceOf<kCols>;
    constexpr int kStep = kMath == Math::kTf32 ? 8 : 16, kWide = kStep / 8;
    const int group = lane_index() / 4, t = lane_index() % 4 * kWide;
    const int first_row = warp_index() / 4 * kWarpRows, first_col = warp_index() % 4 * kWarpCols;
    DIGITNET_UNROLL
    for (int k = 0; k < kSlice; k += kStep) {
      std::uint32_t left[kDown][4], right[kAcross][2];
      DIGITNET_UNROLL
      for (int down = 0; down < kDown; ++down) DIGITNET_UNROLL
      for (int i = 0; i < 4; ++i)
        left[down][i] =
            factor<A>(a, k + t + i / 2 * kStep / 2, first_row + down * 16 + group + i % 2 * 8);
      DIGITNET_UNROLL
      for (int across = 0; across < kAcross; ++across) DIGITNET_UNROLL
      for (int i = 0; i < 2; ++i)
        right[across][i] = factor<B>(b, k + t + i * kStep / 2, first_col + across * 8 + group);
      DIGITNET_UNROLL
      for (int down = 0; down < kDown; ++down) DIGITNET_UNROLL
      for (int across = 0; across < kAcross; ++across) {
        if (kMath == Math::kTf32)
          multiply_tf32(sum[down][across], left[down], right[across]);
        else
          multiply_bfloat16(sum[down][across], left[down], right[across]);
      }
    }
  }
};

template <int kRows, int kCols>
struct Accumulators<Math::kFloat32, kRows, kCols> {
  // 16 x 16 threads, each with every sixteenth row and column
  static constexpr int kDown = kRows / 16, kAcross = kCols / 16, kTileCols = kCols;
  float sum[kDown][kAcross];

  static DIGITNET_DEVICE int row_of(int down) { return thread_index() / 16 + down * 16; }
  static DIGITNET_DEVICE int col_of(int across) { return thread_index() % 16 + across * 16; }

  template <class F>
  DIGITNET_DEVICE void for_each(F f) {
    DIGITNET_UNROLL
    for (int down = 0; down < kDown; ++down) DIGITNET_UNROLL
    for (int across = 0; across < kAcross; ++across)
      f(row_of(down), col_of(across), sum[down][across]);
  }

  DIGITNET_DEVICE void add_slice(const float* a, const float* b) {
#ifndef DIGITNET_CUDA_EMULATION
#pragma unroll 4
#endif
    for (int k = 0; k < kSlice; ++k) {
      float left[kDown], right[kAcross];
      DIGITNET_UNROLL
      for (int down = 0; down < kDown; ++down) left[down] = a[SliceOf<kRows>::at(k, row_of(down))];
      DIGITNET_UNROLL
      for (int across = 0; across < kAcross; ++across)
        right[across] = b[SliceOf<kCols>::at(k, col_of(across))];
      DIGITNET_UNROLL
      for (int down = 0; down < kDown; ++down) DIGITNET_UNROLL
      for (int across = 0; across < kAcross; ++across)
        sum[down][across] = fused(left[down], right[across], sum[down][across]);
    }
  }
};

// Shared memory of a product, in floats.
template <int kRows, int kCols>
constexpr int product_words() {
  return 2 * (SliceOf<kRows>::kWords + SliceOf<kCols>::kWords);
}

// Computes the tile with row first_row and column first_col in its corner. watcher.watch(slice of
// b, depths in it): called by all threads for each slice, in order, before it is overwritten.
template <Math kMath, int kRows, int kCols, class Watcher>
DIGITNET_DEVICE void product_tile(const Operand& a, const Operand& b, int64_t first_row,
                                  int64_t first_col, int64_t depth,
                                  Accumulators<kMath, kRows, kCols>& sums, float* shared,
                                  Watcher& watcher) {
  using A = SliceOf<kRows>;
  using B = SliceOf<kCols>;
  float* left = shared;  // two slices of a, then two of b
  float* right = shared + 2 * A::kWords;
  Four next_a[A::kFours], next_b[B::kFours];
  sync_block();  // whoever used the shared memory before
  A::fetch(a, first_row, 0, next_a);
  B::fetch(b, first_col, 0, next_b);
  A::store(a.along_depth, next_a, left);
  B::store(b.along_depth, next_b, right);
  sync_block();
  int now = 0;
  for (int64_t k = 0; k < depth; k += kSlice, now ^= 1) {
    const bool more = k + kSlice < depth;
    if (more) {
      A::fetch(a, first_row, k + kSlice, next_a);
      B::fetch(b, first_col, k + kSlice, next_b);
    }
    sums.add_slice(left + now * A::kWords, right + now * B::kWords);
    watcher.watch(right + now * B::kWords,
                  depth - k < kSlice ? static_cast<int>(depth - k) : kSlice);
    if (more) {
      A::store(a.along_depth, next_a, left + (now ^ 1) * A::kWords);
      B::store(b.along_depth, next_b, right + (now ^ 1) * B::kWords);
    }
    sync_block();
  }
}

}  // namespace digitnet::cuda
