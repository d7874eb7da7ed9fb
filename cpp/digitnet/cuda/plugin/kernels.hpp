#pragma once
// The step kernel as the launching code sees it.

#include <cstddef>

#include "digitnet/cuda/plugin/step.hpp"

namespace digitnet::cuda {

struct StepKernel {
  // All phases of all steps; the blocks wait for each other: for a cooperative launch.
  void (*all_phases)(StepArguments arguments);
  std::size_t shared;  // bytes for a block
  int tile_rows, tile_cols;
};

StepKernel step_kernel(Math math, bool large_tiles);

}  // namespace digitnet::cuda
