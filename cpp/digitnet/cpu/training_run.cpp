#include "digitnet/cpu/training_run.hpp"

#include <algorithm>
#include <atomic>
#include <exception>

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

// Calls f(begin .. end) for `range` in about equal blocks of at most `most` rows, while it says
// true.
template <class F>
void in_blocks(RowRange range, int64_t most, const F& f) {
  const int64_t blocks = (range.size() + most - 1) / most;
  for (int64_t b = 0; b < blocks; ++b)
    if (!f(RowRange{range.begin + range.size() * b / blocks,
                    range.begin + range.size() * (b + 1) / blocks}))
      return;
}

// A member's share of rows or panels.
template <class Range>
Range share_of(int64_t count, int member, int members) {
  return {count * member / members, count * (member + 1) / members};
}

// Whether each member gets about as many panels, or some would wait for others.
bool shares_evenly(int64_t panels, int members) {
  const int64_t most = (panels + members - 1) / members;
  return 4 * most * members <= 5 * panels;
}

}  // namespace

TrainingRun::TrainingRun(const Network& network, const Panels& dense, const KernelTable& kernels,
                         const Dataset& data, const TrainPlan& plan, int members)
    : dense_(dense),
      kernels_(kernels),
      data_(data),
      plan_(plan),
      walk_(network, dense, kernels),
      batch_size_(batch_rows(data, plan)),
      fused_(walk_.fuses(plan.objective.loss)),
      reading_(walk_.reading_of(data.x, batch_size_)),
      sparse_(reading_.sparse),
      shares_input_(members > 1 && walk_.has_input_panels({fused_, nullptr}) &&
                    shares_evenly(dense[0].panels(), members)),
      block_rows_(sparse_ && !shares_input_ ? kSparseBlockRows : kDenseBlockRows),
      tiles_(network, dense, sparse_, kernels.skip_hidden_below > 0),
      work_(network, batch_size_, Purpose::kTrain, &plan.objective, sparse_ ? members : 0,
            most_nonzeros(data.x)),
      input_shares_(members),
      tile_shares_(members),
      tile_penalty_(static_cast<std::size_t>(tiles_.count()), 0.0) {
  const int64_t share = (batch_size_ + members - 1) / members;
  for (int m = 0; m < members; ++m)
    members_.emplace_back(batch_size_, tiles_.may_skip(),
                          walk_.make_scratch(std::min(block_rows_, share), Purpose::kTrain));
  for (int m = 0; m < members; ++m)
    members_[static_cast<std::size_t>(m)].items = tiles_.items(m, members, batch_size_);
  last_.metrics.resize(work_.row_metrics.size());
}

RowRange TrainingRun::batch_of(int64_t step) const {
  const int64_t first = step * batch_size_;
  return {first, std::min(first + batch_size_, data_.x.count)};
}

void TrainingRun::gather_phase(int member, int members, RowRange batch) {
  const auto mine = share_of<RowRange>(batch.size(), member, members);
  in_blocks(mine, block_rows_, [&](RowRange rows) {
    walk_.gather(data_, order_at(batch.begin), batch.begin, rows, work_);
    return true;
  });
  if (sparse_) work_.nonzeros.tally(member, mine);
  if (shares_input_) input_shares_.open(member, input_items(member, members, batch.size()).count());
}

template <class Watch>
void TrainingRun::input_phase(int member, int members, int64_t rows, const Pass& pass,
                              const Watch& watch) {
  if (sparse_)
    work_.nonzeros.turn(member, members, share_of<RowRange>(rows, member, members),
                        GradientTiles::kRows);
  while (const auto item = input_shares_.take(member)) {
    walk_input(input_items(item->owner, members, rows), item->index, rows, pass);
    if (!watch()) return;
  }
}

TrainingRun::InputItems TrainingRun::input_items(int member, int members, int64_t rows) const {
  const auto panels = share_of<PanelRange>(dense_[0].panels(), member, members);
  if (sparse_) return {panels, GradientTiles::kPanels, 1};
  return {panels, 1, (rows + kBlockRows - 1) / kBlockRows};
}

void TrainingRun::walk_input(const InputItems& items, int64_t index, int64_t rows,
                             const Pass& pass) {
  const int64_t block = index / items.steps();
  const int64_t begin = items.panels.begin + index % items.steps() * items.step;
  walk_.forward_input({rows * block / items.blocks, rows * (block + 1) / items.blocks},
                      {begin, std::min(begin + items.step, items.panels.end)}, pass, work_);
}

template <class Watch>
void TrainingRun::rows_phase(int member, int members, int64_t rows, const Pass& pass,
                             const Watch& watch) {
  Member& own = members_[static_cast<std::size_t>(member)];
  tile_shares_.open(member, static_cast<int64_t>(own.items.size()));
  WalkScratch& scratch = own.walk;
  const float scale = 1.0F / static_cast<float>(rows);
  in_blocks(share_of<RowRange>(rows, member, members), block_rows_, [&](RowRange block) {
    if (shares_input_)
      walk_.forward_above_input(block, pass, work_, scratch);
    else
      walk_.forward(block, pass, work_, scratch);
    walk_.loss(plan_.objective, block, pass, scale, work_);
    walk_.backward(block, pass, work_, scratch);
    return watch();
  });
}

void TrainingRun::run(ThreadTeam& team, TileSink& sink, bool dropout, std::uint64_t& iteration,
                      Totals& totals, Monitor& monitor) {
  const std::uint64_t begin = iteration;
  // Member 0 tells the monitor, in the phases between gather and tiles; what that throws ends the
  // work of all. All members look behind the barrier before the tiles, so that they see the same.
  std::atomic<bool> stopped{false};
  std::exception_ptr failure;
  const auto report = [&] {
    try {
      monitor.progressed(totals.samples, totals);
    } catch (...) {
      failure = std::current_exception();
      stopped = true;
    }
  };
  last_.batch = 0;
  const auto finish_last = [&] {
    if (last_.batch == 0) return;
    ++iteration;
    finish(last_, totals);
    last_.batch = 0;
    report();
  };
  auto job = [&](int member) {
    const int members = team.size();
    const auto watch = [&, member] {
      if (member == 0 && !stopped) report();
      return !stopped;
    };
    for (int64_t step = 0; step < steps(); ++step) {
      const RowRange batch = batch_of(step);
      const DropoutState state{plan_.dropout_seed, begin + static_cast<std::uint64_t>(step)};
      const Pass pass{fused_, dropout ? &state : nullptr};
      gather_phase(member, members, batch);
      team.barrier();  // the tiles of the last step are done, too
      if (member == 0) {
        finish_last();
        sink.begin(step);
      }
      input_phase(member, members, batch.size(), pass, watch);
      if (shares_input_) team.barrier();
      if (!stopped) rows_phase(member, members, batch.size(), pass, watch);
      team.barrier();
      if (stopped) return;
      if (member == 0) note(batch.size(), last_);
      tiles_phase(team, member, batch.size(), sink);
    }
  };
  team.run(job);
  finish_last();
  if (failure) std::rethrow_exception(failure);
}

void TrainingRun::tiles_phase(ThreadTeam& team, int member, int64_t batch, TileSink& sink) {
  TileScratch& scratch = members_[static_cast<std::size_t>(member)].tiles;
  scratch.packed_panel = -1;
  while (const auto item = tile_shares_.take(member)) {
    const Member& owner = members_[static_cast<std::size_t>(item->owner)];
    const TileRange range = owner.items[static_cast<std::size_t>(item->index)];
    for (int64_t t = range.begin; t < range.end; ++t)
      take_tile(tiles_[t], tile_penalty_[static_cast<std::size_t>(t)], batch, sink, scratch);
  }
  // The tiles read the input that the next gather overwrites.
  if (!sparse_ || sink.finishes()) team.barrier();
  if (sink.finishes()) sink.finish(member, team.size());
}

void TrainingRun::take_tile(const GradientTile& tile, double& penalty, int64_t batch,
                            TileSink& sink, TileScratch& scratch) {
  const std::optional<Descent> descent = tiles_.is_sparse(tile) ? sink.descent(tile) : std::nullopt;
  tiles_.compute(tile, kernels_, batch, work_, descent ? &*descent : nullptr, scratch);
  penalty = penalty_of(tile);
  for (int64_t p = 0; p < tile.panels; ++p)
    sink.take({tile.dense, tile.panel + p, 1, tile.row, tile.rows},
              descent ? nullptr : scratch.kernel.data() + p * GradientTiles::kRows * kPanel,
              tile.row == 0 ? scratch.bias.data() + p * kPanel : nullptr);
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

// The sums of a step whose rows are through, before the next ones overwrite them.
void TrainingRun::note(int64_t batch, Step& step) const {
  step.batch = batch;
  step.loss = sum_of(work_.row_loss, batch);
  for (std::size_t m = 0; m < step.metrics.size(); ++m)
    step.metrics[m] = sum_of(work_.row_metrics[m], batch);
}

void TrainingRun::finish(const Step& step, Totals& totals) const {
  double penalty = 0;
  for (const double tile : tile_penalty_) penalty += tile;
  totals.samples += step.batch;
  totals.loss += step.loss + penalty * static_cast<double>(step.batch);
  for (std::size_t m = 0; m < totals.metrics.size(); ++m) totals.metrics[m] += step.metrics[m];
}

}  // namespace digitnet::cpu
