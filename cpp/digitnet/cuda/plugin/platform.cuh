#pragma once
// What a kernel may use of the machine: thread and block numbers, barriers, shared memory, warp
// exchange. Kernels use these functions and nothing else of CUDA, so that the same source also
// compiles for the host (emulation/platform.hpp), where the tests run it without a GPU.

#include <cstdint>

namespace digitnet::cuda {

using std::int64_t;

constexpr int kWarp = 32;
constexpr int kBlockThreads = 256;  // of every kernel here
constexpr int kWarps = kBlockThreads / kWarp;

// Counts arrivals of blocks, all launches long; starts at zero.
struct GridBarrier {
  unsigned long long arrived;
};

}  // namespace digitnet::cuda

#ifdef DIGITNET_CUDA_EMULATION

#include "digitnet/cuda/plugin/emulation/platform.hpp"

#else

#define DIGITNET_DEVICE __device__ __forceinline__
// For what would be repeated in every unrolled loop, or is large and not hot.
#define DIGITNET_CALL static __device__ __noinline__
#define DIGITNET_KERNEL __global__ void __launch_bounds__(256)
#define DIGITNET_ARGUMENT __grid_constant__
#define DIGITNET_UNROLL _Pragma("unroll")

namespace digitnet::cuda {

DIGITNET_DEVICE int thread_index() { return static_cast<int>(threadIdx.x); }
DIGITNET_DEVICE int block_index() { return static_cast<int>(blockIdx.x); }
DIGITNET_DEVICE int block_count() { return static_cast<int>(gridDim.x); }

// Of the block: as many bytes as the launch asked for, aligned to 16.
DIGITNET_DEVICE char* shared_memory() {
  extern __shared__ float4 digitnet_shared[];
  return reinterpret_cast<char*>(digitnet_shared);
}

DIGITNET_DEVICE void sync_block() { __syncthreads(); }

// All blocks of a cooperative launch; what they wrote before is seen by all behind it.
DIGITNET_DEVICE void sync_grid(GridBarrier* barrier) {
  __syncthreads();
  if (threadIdx.x == 0) {
    const unsigned long long blocks = gridDim.x;
    __threadfence();
    const unsigned long long ticket = atomicAdd(&barrier->arrived, 1ULL);
    const unsigned long long target = (ticket / blocks + 1) * blocks;
    while (*static_cast<volatile unsigned long long*>(&barrier->arrived) < target) {
    }
    __threadfence();
  }
  __syncthreads();
}

// The value of the lane whose number differs in the bits of mask. All lanes of a warp take part.
DIGITNET_DEVICE float exchange(float value, int mask) {
  return __shfl_xor_sync(0xffffffffU, value, mask);
}
DIGITNET_DEVICE double exchange(double value, int mask) {
  return __shfl_xor_sync(0xffffffffU, value, mask);
}
DIGITNET_DEVICE int exchange(int value, int mask) {
  return __shfl_xor_sync(0xffffffffU, value, mask);
}
// The value of one lane, for all.
DIGITNET_DEVICE float of_lane(float value, int lane) {
  return __shfl_sync(0xffffffffU, value, lane);
}

}  // namespace digitnet::cuda

#endif

namespace digitnet::cuda {

DIGITNET_DEVICE int lane_index() { return thread_index() % kWarp; }
DIGITNET_DEVICE int warp_index() { return thread_index() / kWarp; }

// Over the lanes of a warp, in a fixed order; every lane has the result.
template <class T>
DIGITNET_DEVICE T warp_sum(T value) {
  DIGITNET_UNROLL
  for (int mask = kWarp / 2; mask > 0; mask /= 2) value += exchange(value, mask);
  return value;
}
DIGITNET_DEVICE float warp_max(float value) {
  DIGITNET_UNROLL
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    const float other = exchange(value, mask);
    value = other > value ? other : value;
  }
  return value;
}

}  // namespace digitnet::cuda
