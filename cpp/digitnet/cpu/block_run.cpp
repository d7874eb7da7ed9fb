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
      walk_(network, dense, kernels),
      reading_(walk_.reading_of(data.x, block_rows_)) {
  const Purpose purpose = objective != nullptr ? Purpose::kEvaluate : Purpose::kPredict;
  const int64_t blocks = block_rows_ > 0 ? (data.x.count + block_rows_ - 1) / block_rows_ : 0;
  for (int64_t m = 0; m < std::min<int64_t>(members, blocks); ++m)
    members_.push_back({Workspace(network, block_rows_, purpose, objective, reading_.sparse ? 1 : 0,
                                  most_nonzeros(data.x)),
                        walk_.make_scratch(block_rows_, purpose)});
}

// Calls block(member, index, first sample, rows, its Member) for every block, on whichever member
// is free; member 0 reports the blocks that are done, with the totals as they stand.
template <class Block>
void BlockRun::for_each_block(ThreadTeam& team, const Totals& totals, Monitor& monitor,
                              Block block) {
  const int64_t count = data_.x.count;
  std::atomic<int64_t> next{0}, done{0};
  std::atomic<bool> going{true};
  std::exception_ptr failure;
  auto job = [&](int member) {
    if (static_cast<std::size_t>(member) >= members_.size()) return;
    Member& own = members_[static_cast<std::size_t>(member)];
    while (going.load(std::memory_order_relaxed)) {
      const int64_t index = next.fetch_add(1, std::memory_order_relaxed);
      const int64_t first = index * block_rows_;
      if (first >= count) return;
      const RowRange rows{0, std::min(block_rows_, count - first)};
      block(member, index, first, rows, own);
      done.fetch_add(rows.size(), std::memory_order_relaxed);
      if (member != 0) continue;
      try {
        monitor.progressed(done.load(std::memory_order_relaxed), totals);
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
  const auto add = [sums](const double* block, Totals& to) {
    to.loss += block[0];
    for (std::size_t m = 0; m + 1 < sums; ++m) to.metrics[m] += block[m + 1];
  };
  Totals seen = totals;  // what member 0 did so far: an honest sample of the whole, for the monitor
  const auto block = [&](int member, int64_t index, int64_t first, RowRange rows, Member& own) {
    Workspace& work = own.work;
    walk_.gather(data_, nullptr, first, rows, work);
    walk_.forward(rows, {fused, nullptr}, work, own.scratch);
    walk_.loss(*objective_, rows, {fused, nullptr}, 1.0F, work);
    double* out = block_sums.data() + static_cast<std::size_t>(index) * sums;
    for (int64_t r = 0; r < rows.size(); ++r) {
      out[0] += work.row_loss[r];
      for (std::size_t m = 0; m + 1 < sums; ++m) out[m + 1] += work.row_metrics[m][r];
    }
    if (member != 0) return;
    seen.samples += rows.size();
    add(out, seen);
  };
  for_each_block(team, seen, monitor, block);
  totals.samples = data_.x.count;
  for (std::size_t b = 0; b < block_sums.size(); b += sums) add(block_sums.data() + b, totals);
  totals.loss += penalty(dense_, kernels_) * static_cast<double>(data_.x.count);
}

void BlockRun::predict(ThreadTeam& team, MatrixView<float> out, Monitor& monitor) {
  const auto block = [&](int, int64_t, int64_t first, RowRange rows, Member& own) {
    Workspace& work = own.work;
    walk_.gather(data_, nullptr, first, rows, work);
    walk_.forward(rows, {}, work, own.scratch);
    const PaddedMatrix& y = walk_.output(work);
    for (int64_t r = 0; r < rows.size(); ++r) std::copy_n(y.row(r), out.cols, out.row(first + r));
  };
  for_each_block(team, {}, monitor, block);
}

}  // namespace digitnet::cpu
