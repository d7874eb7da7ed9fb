#pragma once

#include <vector>

#include "digitnet/aligned_buffer.hpp"
#include "digitnet/cpu/kernel_table.hpp"
#include "digitnet/cpu/sparse_input.hpp"
#include "digitnet/engine.hpp"
#include "digitnet/matrix.hpp"
#include "digitnet/network.hpp"

namespace digitnet::cpu {

// A padded float32 matrix, as kernel_table.hpp calls for. Its stride is never a multiple of 1 KiB:
// the kernels walk down columns, and such strides would crowd a few cache sets.
class PaddedMatrix {
 public:
  PaddedMatrix() = default;
  PaddedMatrix(int64_t rows, int64_t cols);

  float* row(int64_t r) { return values_.data() + r * stride_; }
  const float* row(int64_t r) const { return values_.data() + r * stride_; }
  int64_t stride() const { return stride_; }
  int64_t cols() const { return cols_; }

 private:
  int64_t cols_ = 0, stride_ = 0;
  AlignedBuffer<float> values_;
};

// What a walk writes down: Predict keeps outputs, Evaluate adds targets and losses, Train adds
// deltas.
enum class Purpose { kPredict, kEvaluate, kTrain };

// Everything a walk over at most `rows` samples needs beside the parameters. Threads may share one,
// each on its own range of rows.
struct Workspace {
  // sparse_members: of the team that fills the input, if it is read as its non-zeros; else 0. most:
  // non-zeros that one sample can have.
  Workspace(const Network& network, int64_t rows, Purpose purpose, const Objective* objective,
            int sparse_members, int64_t most);

  // What layer l reads, where the samples are read whole: the input, or the layer below it.
  const PaddedMatrix& input_of(std::size_t l) const { return l == 0 ? input : a[l - 1]; }

  bool sparse;                      // which of the two inputs below is used
  SparseInput nonzeros;             // (rows, input_size), scaled
  PaddedMatrix input;               // (rows, input_size), converted, scaled
  std::vector<PaddedMatrix> z;      // per layer: only where the derivative needs it
  std::vector<PaddedMatrix> a;      // per layer: its output
  std::vector<PaddedMatrix> mask;   // per layer: only dropout, only in training
  std::vector<PaddedMatrix> delta;  // per dense layer: d(loss) / d(its z) after the backward walk
  AlignedBuffer<std::int32_t> labels;              // (rows,) or empty
  PaddedMatrix targets;                            // (rows, output_size) or empty
  AlignedBuffer<float> weights;                    // (rows,)
  AlignedBuffer<double> row_loss;                  // (rows,)
  std::vector<AlignedBuffer<double>> row_metrics;  // per metric (rows,)
};

}  // namespace digitnet::cpu
