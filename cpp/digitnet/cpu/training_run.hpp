#pragma once
// Training steps by a team of threads. A step has four phases:
//   gather: every member fetches its rows of the batch;
//   input:  every member turns its rows' non-zeros into columns, and takes all rows through its
//           panels of the first layer, the same in every step, so that they stay in its cache (the
//           latter is left to the rows phase where the team could not share them evenly);
//   rows:   every member takes its rows through the layers above, the loss and all the way back;
//   tiles:  every member takes its tiles of the kernel gradients and updates those parameters.
// Who is through with its panels or tiles helps others with theirs.
// A barrier stands behind gather (the input phase reads all rows, and all tiles of the step before
// are done), behind input where it walks panels, and before tiles. Behind tiles there is one only
// where they read the input itself, which the next gather overwrites (the columns of its non-zeros
// are not touched before the next input phase), or where the sink has something to finish.

#include <optional>
#include <utility>
#include <vector>

#include "digitnet/cpu/gradient_tiles.hpp"
#include "digitnet/cpu/row_walk.hpp"
#include "digitnet/cpu/thread_team.hpp"
#include "digitnet/cpu/work_shares.hpp"

namespace digitnet::cpu {

// Receives each finished gradient tile, from the member that computed it; the tile and parameters
// may be changed. Must not throw.
class TileSink {
 public:
  virtual ~TileSink() = default;
  // Before the tiles of a step, by one member; step counts the run's from 0.
  virtual void begin(int64_t) {}
  // Where the sink would only take a step of plain descent with the tile's kernel gradient.
  virtual std::optional<Descent> descent(const GradientTile&) { return std::nullopt; }
  // kernel: (tile.rows, 32), or null where it went by descent; bias: (32,) or null.
  virtual void take(const GradientTile& tile, float* kernel, float* bias) = 0;
  // Whether something is left to do when all tiles of a step are taken: finish, by every member.
  virtual bool finishes() const { return false; }
  virtual void finish(int, int) {}  // member, members
};

class TrainingRun {
 public:
  // Buffers for batches of at most plan.batch_size samples and a team of `members`.
  TrainingRun(const Network& network, const Panels& dense, const KernelTable& kernels,
              const Dataset& data, const TrainPlan& plan, int members);

  const Reading& reading() const { return reading_; }
  // All batches in order. iteration and totals as in Engine::train. dropout: off for plain
  // gradients.
  void run(ThreadTeam& team, TileSink& sink, bool dropout, std::uint64_t& iteration, Totals& totals,
           Monitor& monitor);

 private:
  // Rows that go through together where the input is sparse: all panels of the first kernel pass by
  // for each block, so few and large blocks are better.
  static constexpr int64_t kSparseBlockRows = 512;
  // Else the kernels pass by for each block, and are transposed for it.
  static constexpr int64_t kDenseBlockRows = 256;

  struct Member {
    Member(int64_t batch, bool skips, WalkScratch walks)
        : tiles(batch, skips), walk(std::move(walks)) {}
    TileScratch tiles;
    WalkScratch walk;
    std::vector<TileRange> items;  // of its share of the tiles
  };

  // What member 0 notes of a step that is not finished yet.
  struct Step {
    int64_t batch = 0;  // its samples; 0: none
    double loss = 0;
    std::vector<double> metrics;
  };

  // The items of a member's share of the input phase: blocks of rows by steps of its panels.
  struct InputItems {
    PanelRange panels;
    int64_t step, blocks;
    int64_t steps() const { return (panels.end - panels.begin + step - 1) / step; }
    int64_t count() const { return blocks * steps(); }
  };

  int64_t steps() const { return (data_.x.count + batch_size_ - 1) / batch_size_; }
  RowRange batch_of(int64_t step) const;  // its places in the order
  const std::uint32_t* order_at(int64_t first) const {
    return plan_.order != nullptr ? plan_.order + first : nullptr;
  }

  // watch() is asked now and then; false: leave the step, which has changed nothing yet.
  void gather_phase(int member, int members, RowRange batch);
  template <class Watch>
  void input_phase(int member, int members, int64_t rows, const Pass& pass, const Watch& watch);
  InputItems input_items(int member, int members, int64_t rows) const;
  void walk_input(const InputItems& items, int64_t index, int64_t rows, const Pass& pass);
  template <class Watch>
  void rows_phase(int member, int members, int64_t rows, const Pass& pass, const Watch& watch);
  void tiles_phase(ThreadTeam& team, int member, int64_t batch, TileSink& sink);
  void take_tile(const GradientTile& tile, double& penalty, int64_t batch, TileSink& sink,
                 TileScratch& scratch);
  double penalty_of(const GradientTile& tile) const;
  void note(int64_t batch, Step& step) const;
  void finish(const Step& step, Totals& totals) const;

  const Panels& dense_;
  const KernelTable& kernels_;
  const Dataset& data_;
  const TrainPlan& plan_;
  RowWalk walk_;
  const int64_t batch_size_;  // at most the number of samples
  const bool fused_;          // the loss takes the last activation along
  const Reading reading_;
  const bool sparse_;         // the input is read as its non-zeros
  const bool shares_input_;   // the input phase walks panels
  const int64_t block_rows_;  // that go through together; the non-zeros are listed by such blocks
  GradientTiles tiles_;
  Workspace work_;
  std::vector<Member> members_;
  WorkShares input_shares_, tile_shares_;
  std::vector<double>
      tile_penalty_;  // l2 * sum of squares of each tile's kernel, before the update
  Step last_;         // here: the job must not allocate
};

}  // namespace digitnet::cpu
