#pragma once
// Training steps by a team of threads. A step has two phases, with a barrier after each:
//   rows:  every member takes its rows of the batch through gather, forward, loss and backward;
//   tiles: every member takes its tiles of the kernel gradients and updates those parameters.

#include <atomic>
#include <exception>

#include "digitnet/cpu/gradient_tiles.hpp"
#include "digitnet/cpu/row_walk.hpp"
#include "digitnet/cpu/thread_team.hpp"

namespace digitnet::cpu {

// Receives each finished gradient tile, from the member that computed it; parameters may be
// changed.
class TileSink {
 public:
  virtual ~TileSink() = default;
  // Must not throw. kernel: (tile.rows, 32); bias: (32,) or null.
  virtual void take(const GradientTile& tile, const float* kernel, const float* bias) = 0;
};

class TrainingRun {
 public:
  // Buffers for batches of at most plan.batch_size samples and a team of `members`.
  TrainingRun(const Network& network, const Panels& dense, const KernelTable& kernels,
              const Dataset& data, const TrainPlan& plan, int members);

  // All batches in order. iteration and totals as in Engine::train. dropout: off for plain
  // gradients.
  void run(ThreadTeam& team, TileSink& sink, bool dropout, std::uint64_t& iteration, Totals& totals,
           Monitor& monitor);

 private:
  // Rows that go through together where the input is sparse: all panels of the first kernel pass by
  // for each block, so few and large blocks are better.
  static constexpr int64_t kSparseBlockRows = 512;

  struct Member {
    Member(int64_t batch, int64_t transposed) : tiles(batch), transpose(transposed) {}
    TileScratch tiles;
    AlignedBuffer<float> transpose;
  };

  // watch() is asked between blocks of rows; false: leave the step, which has changed nothing yet.
  template <class Watch>
  void rows_phase(ThreadTeam& team, int member, int64_t first, int64_t batch, const Pass& pass,
                  const Watch& watch);
  void gather_sparse(ThreadTeam& team, int member, int64_t first, RowRange mine);
  const std::uint32_t* order_at(int64_t first) const {
    return plan_.order != nullptr ? plan_.order + first : nullptr;
  }
  void tiles_phase(int member, int members, int64_t batch, TileSink& sink);
  double penalty_of(const GradientTile& tile) const;
  void add_step(int64_t batch, Totals& totals) const;

  const Panels& dense_;
  const KernelTable& kernels_;
  const Dataset& data_;
  const TrainPlan& plan_;
  RowWalk walk_;
  const bool sparse_;  // the input is read as its non-zeros
  GradientTiles tiles_;
  Workspace work_;
  std::vector<Member> members_;
  std::vector<double>
      tile_penalty_;  // l2 * sum of squares of each tile's kernel, before the update
};

}  // namespace digitnet::cpu
