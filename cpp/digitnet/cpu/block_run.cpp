#include "digitnet/cpu/block_run.hpp"

#include <algorithm>

namespace digitnet::cpu {
namespace {

// sum of l2 * |kernel|^2 over the layers that ask for it
double penalty(const Panels& dense, const KernelTable& kernels) {
  double sum = 0;
  for (const ParameterPanels& layer : dense) {
    if (layer.kernel_l2() == 0) continue;
    for (int64_t p = 0; p < layer.panels(); ++p)
      sum += static_cast<double>(layer.kernel_l2()) *
             kernels.sum_squares(layer.in() * kPanel, layer.kernel(p));
  }
  return sum;
}

}  // namespace

BlockRun::BlockRun(const Network& network, const Panels& dense, const KernelTable& kernels,
                   const Dataset& data, const Objective* objective, int members)
    : dense_(dense),
      kernels_(kernels),
      data_(data),
      objective_(objective),
      block_rows_(std::min(kBlockRows, data.x.count)),
      walk_(network, dense, kernels) {
  const Purpose purpose = objective != nullptr ? Purpose::kEvaluate : Purpose::kPredict;
  for (int m = 0; m < members; ++m) work_.emplace_back(network, block_rows_, purpose, objective);
}

// Calls block(index, first sample, rows, workspace) for every block, on whichever member is free.
template <class Block>
void BlockRun::for_each_block(ThreadTeam& team, Monitor& monitor, Block block) {
  const int64_t count = data_.x.count;
  std::atomic<int64_t> next{0};
  std::atomic<bool> going{true};
  std::exception_ptr failure;
  auto job = [&](int member) {
    Workspace& work = work_[static_cast<std::size_t>(member)];
    while (going.load(std::memory_order_relaxed)) {
      const int64_t index = next.fetch_add(1, std::memory_order_relaxed);
      const int64_t first = index * block_rows_;
      if (first >= count) return;
      block(index, first, RowRange{0, std::min(block_rows_, count - first)}, work);
      if (member != 0) continue;
      try {
        Totals done;
        done.samples = first;
        if (!monitor.keep_going(done)) going = false;
      } catch (...) {
        failure = std::current_exception();
        going = false;
      }
    }
  };
  team.run(job);
  if (failure) std::rethrow_exception(failure);
}

void BlockRun::evaluate(ThreadTeam& team, Totals& totals, Monitor& monitor) {
  const int64_t blocks = (data_.x.count + block_rows_ - 1) / block_rows_;
  const std::size_t sums = 1 + totals.metrics.size();  // of a block: loss, then each metric
  std::vector<double> block_sums(static_cast<std::size_t>(blocks) * sums);
  const bool fused = walk_.fuses(objective_->loss);
  for_each_block(team, monitor, [&](int64_t index, int64_t first, RowRange rows, Workspace& work) {
    walk_.gather(data_, nullptr, first, rows, work);
    walk_.forward(rows, {fused, nullptr}, work);
    walk_.loss(*objective_, rows, {fused, nullptr}, 1.0F, work);
    double* out = block_sums.data() + static_cast<std::size_t>(index) * sums;
    for (int64_t r = 0; r < rows.size(); ++r) {
      out[0] += work.row_loss[r];
      for (std::size_t m = 0; m + 1 < sums; ++m) out[m + 1] += work.row_metrics[m][r];
    }
  });
  totals.samples = data_.x.count;
  for (std::size_t i = 0; i < block_sums.size(); ++i)
    (i % sums == 0 ? totals.loss : totals.metrics[i % sums - 1]) += block_sums[i];
  totals.loss += penalty(dense_, kernels_) * static_cast<double>(data_.x.count);
}

void BlockRun::predict(ThreadTeam& team, MatrixView<float> out, Monitor& monitor) {
  for_each_block(team, monitor, [&](int64_t, int64_t first, RowRange rows, Workspace& work) {
    walk_.gather(data_, nullptr, first, rows, work);
    walk_.forward(rows, {}, work);
    const PaddedMatrix& y = walk_.output(work);
    for (int64_t r = 0; r < rows.size(); ++r) std::copy_n(y.row(r), out.cols, out.row(first + r));
  });
}

}  // namespace digitnet::cpu
