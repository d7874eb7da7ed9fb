// The step kernel, for each way to compute and each size of tiles, and its launches.
// Compiled by nvcc, or, with DIGITNET_CUDA_EMULATION, by the host's compiler.

#include "digitnet/cuda/plugin/kernels.hpp"
#include "digitnet/cuda/plugin/phases.cuh"

namespace digitnet::cuda {
namespace {

// Small tiles keep many processors busy in small products, large ones spare memory traffic in
// large.
struct SmallTiles {
  static constexpr int kRows = 32, kCols = 64;
};
struct LargeTiles {
  static constexpr int kRows = 64, kCols = 128;
};

template <Math kMath, class Tiles>
// NOLINTNEXTLINE(readability-static-definition-in-anonymous-namespace): of the host's macro
DIGITNET_KERNEL all_phases(const DIGITNET_ARGUMENT StepArguments arguments) {
  auto* barrier = static_cast<GridBarrier*>(arguments.barrier);
  for (int64_t step = arguments.first_step; step < arguments.first_step + arguments.steps; ++step)
    for (int phase = 0; phase < arguments.phase_count; ++phase) {
      run_phase<kMath, Tiles::kRows, Tiles::kCols>(arguments, step, phase);
      sync_grid(barrier);
    }
}

template <Math kMath, class Tiles>
StepKernel kernel_with() {
  return {all_phases<kMath, Tiles>, product_words<Tiles::kRows, Tiles::kCols>() * sizeof(float),
          Tiles::kRows, Tiles::kCols};
}

template <class Tiles>
StepKernel kernel_of(Math math) {
  switch (math) {
    case Math::kTf32: return kernel_with<Math::kTf32, Tiles>();
    case Math::kBfloat16: return kernel_with<Math::kBfloat16, Tiles>();
    default: return kernel_with<Math::kFloat32, Tiles>();
  }
}

}  // namespace

StepKernel step_kernel(Math math, bool large_tiles) {
  return large_tiles ? kernel_of<LargeTiles>(math) : kernel_of<SmallTiles>(math);
}

}  // namespace digitnet::cuda
