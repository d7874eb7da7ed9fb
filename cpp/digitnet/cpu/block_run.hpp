#pragma once
// Evaluation and prediction by a team: blocks of samples, each taken through the whole network by
// one member. No barrier, and the same bits for any number of members and any block.

#include <atomic>
#include <exception>
#include <vector>

#include "digitnet/cpu/row_walk.hpp"
#include "digitnet/cpu/thread_team.hpp"

namespace digitnet::cpu {

class BlockRun {
 public:
  // objective: null for prediction.
  BlockRun(const Network& network, const Panels& dense, const KernelTable& kernels,
           const Dataset& data, const Objective* objective, int members);

  const Reading& reading() const { return reading_; }
  int members() const { return static_cast<int>(members_.size()); }  // that have work
  void evaluate(ThreadTeam& team, Totals& totals, Monitor& monitor);
  void predict(ThreadTeam& team, MatrixView<float> out, Monitor& monitor);

 private:
  struct Member {
    Workspace work;
    WalkScratch scratch;
  };

  template <class Block>
  void for_each_block(ThreadTeam& team, const Totals& totals, Monitor& monitor, Block block);

  const Panels& dense_;
  const KernelTable& kernels_;
  const Dataset& data_;
  const Objective* objective_;
  int64_t block_rows_;
  RowWalk walk_;
  const Reading reading_;
  std::vector<Member> members_;  // that have work
};

}  // namespace digitnet::cpu
