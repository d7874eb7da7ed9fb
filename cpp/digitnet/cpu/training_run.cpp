#include "digitnet/cpu/training_run.hpp"

#include <algorithm>

namespace digitnet::cpu {
namespace {

int64_t batch_rows(const Dataset& data, const TrainPlan& plan) {
  return std::min(plan.batch_size, data.x.count);
}

// Sums value(row) over rows in order: the same bits for any number of threads.
double sum_of(const AlignedBuffer<double>& values, int64_t count) {
  double sum = 0;
  for (int64_t r = 0; r < count; ++r) sum += values[r];
  return sum;
}

}  // namespace

TrainingRun::TrainingRun(const Network& network, const Panels& dense, const KernelTable& kernels,
                         const Dataset& data, const TrainPlan& plan, int members)
    : dense_(dense),
      kernels_(kernels),
      data_(data),
      plan_(plan),
      walk_(network, dense, kernels),
      sparse_(walk_.reads_sparse(data.x, batch_rows(data, plan))),
      tiles_(network, dense, sparse_),
      work_(network, batch_rows(data, plan), Purpose::kTrain, &plan.objective,
            sparse_ ? members : 0),
      tile_penalty_(static_cast<std::size_t>(tiles_.count()), 0.0) {
  for (int m = 0; m < members; ++m)
    members_.emplace_back(batch_rows(data, plan), walk_.transpose_scratch());
}

// The non-zeros of the member's rows, and its part in turning those of the batch into columns.
void TrainingRun::gather_sparse(ThreadTeam& team, int member, int64_t first, RowRange mine) {
  walk_.gather(data_, order_at(first), first, mine, work_);
  work_.nonzeros.tally(member, mine);
  team.barrier();
  work_.nonzeros.turn(member, team.size(), mine, GradientTiles::kRows);
}

template <class Watch>
void TrainingRun::rows_phase(ThreadTeam& team, int member, int64_t first, int64_t batch,
                             const Pass& pass, const Watch& watch) {
  const int members = team.size();
  const RowRange mine{batch * member / members, batch * (member + 1) / members};
  if (sparse_) gather_sparse(team, member, first, mine);
  const int64_t most = sparse_ ? kSparseBlockRows : kBlockRows;
  const int64_t blocks = (mine.size() + most - 1) / most;
  float* scratch = members_[static_cast<std::size_t>(member)].transpose.data();
  const float scale = 1.0F / static_cast<float>(batch);
  for (int64_t b = 0; b < blocks && (b == 0 || watch()); ++b) {
    const RowRange rows{mine.begin + mine.size() * b / blocks,
                        mine.begin + mine.size() * (b + 1) / blocks};
    if (!sparse_) walk_.gather(data_, order_at(first), first, rows, work_);
    walk_.forward(rows, pass, work_);
    walk_.loss(plan_.objective, rows, pass, scale, work_);
    walk_.backward(rows, pass, work_, scratch);
  }
}

void TrainingRun::run(ThreadTeam& team, TileSink& sink, bool dropout, std::uint64_t& iteration,
                      Totals& totals, Monitor& monitor) {
  const bool fused = walk_.fuses(plan_.objective.loss);
  // Member 0 tells the monitor; what that throws ends the work of all. Each flag is written in one
  // phase and read behind the barrier that ends it, so that all members read the same: with one
  // flag for both, a late reader could see what member 0 wrote in the next phase already.
  std::atomic<bool> abandoned{false};  // written in the rows phase
  std::atomic<bool> stopped{false};    // written between steps
  std::exception_ptr failure;
  const auto report_to = [&](std::atomic<bool>& flag) {
    try {
      monitor.progressed(totals.samples, totals);
    } catch (...) {
      failure = std::current_exception();
      flag = true;
    }
  };
  auto job = [&](int member) {
    const auto watch = [&, member] {
      if (member == 0 && !abandoned) report_to(abandoned);
      return !abandoned;
    };
    for (int64_t first = 0; first < data_.x.count; first += plan_.batch_size) {
      const int64_t batch = std::min(plan_.batch_size, data_.x.count - first);
      const DropoutState state{plan_.dropout_seed, iteration};
      rows_phase(team, member, first, batch, {fused, dropout ? &state : nullptr}, watch);
      team.barrier();
      if (abandoned) return;
      tiles_phase(member, team.size(), batch, sink);
      team.barrier();
      if (member == 0) {
        ++iteration;
        add_step(batch, totals);
        report_to(stopped);
      }
      team.barrier();
      if (stopped) return;
    }
  };
  team.run(job);
  if (failure) std::rethrow_exception(failure);
}

void TrainingRun::tiles_phase(int member, int members, int64_t batch, TileSink& sink) {
  TileScratch& scratch = members_[static_cast<std::size_t>(member)].tiles;
  scratch.packed_panel = -1;
  const int64_t end = tiles_.share_begin(member + 1, members);
  for (int64_t t = tiles_.share_begin(member, members); t < end; ++t) {
    const GradientTile& tile = tiles_[t];
    tiles_.compute(tile, kernels_, batch, work_, scratch);
    tile_penalty_[static_cast<std::size_t>(t)] = penalty_of(tile);
    for (int64_t p = 0; p < tile.panels; ++p)
      sink.take({tile.dense, tile.panel + p, 1, tile.row, tile.rows},
                scratch.kernel.data() + p * GradientTiles::kRows * kPanel,
                tile.row == 0 ? scratch.bias.data() + p * kPanel : nullptr);
  }
}

// l2 * sum of squares of the tile's part of the kernel
double TrainingRun::penalty_of(const GradientTile& tile) const {
  const ParameterPanels& dense = dense_[tile.dense];
  if (dense.kernel_l2() == 0) return 0;
  double sum = 0;
  for (int64_t p = 0; p < tile.panels; ++p)
    sum +=
        kernels_.sum_squares(tile.rows * kPanel, dense.kernel(tile.panel + p) + tile.row * kPanel);
  return static_cast<double>(dense.kernel_l2()) * sum;
}

void TrainingRun::add_step(int64_t batch, Totals& totals) const {
  double penalty = 0;
  for (const double tile : tile_penalty_) penalty += tile;
  totals.samples += batch;
  totals.loss += sum_of(work_.row_loss, batch) + penalty * static_cast<double>(batch);
  for (std::size_t m = 0; m < totals.metrics.size(); ++m)
    totals.metrics[m] += sum_of(work_.row_metrics[m], batch);
}

}  // namespace digitnet::cpu
