#pragma once
// Sums and products that no compiler fuses or splits: the bits are those of the CPU's kernels.

#include "digitnet/cuda/plugin/platform.cuh"

#ifdef DIGITNET_CUDA_EMULATION
#include <cmath>
#endif

namespace digitnet::cuda {

#ifdef DIGITNET_CUDA_EMULATION
// The file that includes this is compiled with -ffp-contract=off.
inline float fused(float a, float b, float c) { return std::fmaf(a, b, c); }
inline float times(float a, float b) { return a * b; }
inline float plus(float a, float b) { return a + b; }
#else
DIGITNET_DEVICE float fused(float a, float b, float c) { return __fmaf_rn(a, b, c); }
DIGITNET_DEVICE float times(float a, float b) { return __fmul_rn(a, b); }
DIGITNET_DEVICE float plus(float a, float b) { return __fadd_rn(a, b); }
#endif

}  // namespace digitnet::cuda
