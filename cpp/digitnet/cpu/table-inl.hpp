#pragma once
// The table of the vectorised kernels, written once for every instruction set.

#include "digitnet/cpu/activation-inl.hpp"
#include "digitnet/cpu/dense-inl.hpp"
#include "digitnet/cpu/dropout-inl.hpp"
#include "digitnet/cpu/elementwise-inl.hpp"
#include "digitnet/cpu/field-inl.hpp"
#include "digitnet/cpu/loss-inl.hpp"
#include "digitnet/cpu/optimizer-inl.hpp"
#include "digitnet/cpu/sparse-inl.hpp"

namespace digitnet::cpu {
namespace {

constexpr KernelTable vector_kernels(const char* name, double skip_below,
                                     double skip_hidden_below) {
  return {name,
          {kTileRows, static_cast<int>(kTileCols)},
          {kSparseRows, kSparsePanels * static_cast<int>(kPanel)},
          skip_below,
          skip_hidden_below,
          multiply,
          sparse_multiply,
          sparse_multiply_block,
          compress_u8,
          compress_f32,
          transpose,
          convert_u8,
          convert_f32,
          activate,
          activate_backward,
          loss_rows,
          dropout_mask,
          noise,
          filter,
          product,
          sum_rows,
          sgd_step,
          adam_step,
          clip_gradient,
          max_norm,
          sum_squares};
}

}  // namespace
}  // namespace digitnet::cpu
