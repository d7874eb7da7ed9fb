#include "digitnet/cpu/workspace.hpp"

#include <limits>
#include <new>

#include "digitnet/cpu/parameter_panels.hpp"

namespace digitnet::cpu {
namespace {

int64_t padded_stride(int64_t cols) {
  constexpr int64_t kCrowded = 256;  // floats in 1 KiB
  const int64_t stride = round_up(cols, kPanel);
  return stride % kCrowded == 0 ? stride + kPanel : stride;
}

int64_t checked_size(int64_t rows, int64_t cols) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 16;
  if (rows < 0 || cols < 0 || cols > kMost || (rows > 0 && padded_stride(cols) > kMost / rows))
    throw std::bad_alloc();
  return rows * padded_stride(cols);
}

}  // namespace

PaddedMatrix::PaddedMatrix(int64_t rows, int64_t cols)
    : cols_(cols), stride_(padded_stride(cols)), values_(checked_size(rows, cols)) {}

Workspace::Workspace(const Network& network, int64_t rows, Purpose purpose,
                     const Objective* objective, int sparse_members, int64_t most)
    : sparse(sparse_members > 0) {
  const bool training = purpose == Purpose::kTrain;
  if (sparse)
    nonzeros = SparseInput(rows, network.input_size(), most, sparse_members, training);
  else
    input = PaddedMatrix(rows, network.input_size());
  for (const Layer& layer : network.layers()) {
    const bool keeps_z = needs_preactivation(layer.activation) && layer.kind == LayerKind::kDense;
    z.push_back(keeps_z ? PaddedMatrix(rows, layer.out) : PaddedMatrix());
    a.emplace_back(rows, layer.out);
    mask.push_back(layer.kind == LayerKind::kDropout && training ? PaddedMatrix(rows, layer.out)
                                                                 : PaddedMatrix());
    if (layer.kind == LayerKind::kDense && training) delta.emplace_back(rows, layer.out);
  }
  if (purpose == Purpose::kPredict) return;
  if (objective->loss.takes_labels())
    labels = AlignedBuffer<std::int32_t>(rows);
  else
    targets = PaddedMatrix(rows, network.output_size());
  weights = AlignedBuffer<float>(rows);
  row_loss = AlignedBuffer<double>(rows);
  for (std::size_t m = 0; m < objective->metrics.size(); ++m) row_metrics.emplace_back(rows);
}

}  // namespace digitnet::cpu
