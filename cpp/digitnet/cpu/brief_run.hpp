#pragma once
// Prediction of a few rows, where all that surrounds the arithmetic counts: on the calling thread,
// in a workspace that is kept from call to call. The same bits as BlockRun's.

#include <atomic>
#include <memory>

#include "digitnet/cpu/row_walk.hpp"

namespace digitnet::cpu {

class BriefRun {
 public:
  // Keeps references to all of them.
  BriefRun(const Network& network, const Panels& dense, const KernelTable& kernels);
  ~BriefRun();
  BriefRun(const BriefRun&) = delete;
  BriefRun& operator=(const BriefRun&) = delete;

  // How many rows it takes; 0 where a single one is large.
  int64_t most_rows() const { return most_rows_; }
  // samples.count <= most_rows(). From any number of threads: those that find the spare workspace
  // in use make one of their own. Says how it read them.
  Reading predict(const Samples& samples, MatrixView<float> out) const;

 private:
  const Network& network_;
  RowWalk walk_;
  int64_t most_rows_;
  // The workspace to read rows densely, and the one to read them as their non-zeros; null: in use,
  // or not needed so far.
  mutable std::atomic<Workspace*> spare_[2] = {nullptr, nullptr};
};

}  // namespace digitnet::cpu
