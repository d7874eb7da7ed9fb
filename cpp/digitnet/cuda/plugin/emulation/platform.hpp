#pragma once
// platform.cuh for the host: the threads of a launch are fibers that take turns (fibers.hpp), so
// that barriers and warp exchanges mean what they mean on a GPU. One CPU thread, no parallelism.

#include "digitnet/cuda/plugin/emulation/fibers.hpp"

#define DIGITNET_DEVICE inline
#define DIGITNET_CALL inline
#define DIGITNET_KERNEL static void
#define DIGITNET_ARGUMENT
#define DIGITNET_UNROLL

namespace digitnet::cuda {

inline int thread_index() { return emulation::current().thread; }
inline int block_index() { return emulation::current().block; }
inline int block_count() { return emulation::grid_blocks(); }
inline char* shared_memory() { return emulation::block_memory(); }
inline void sync_block() { emulation::wait_for_block(); }
inline void sync_grid(GridBarrier*) { emulation::wait_for_grid(); }

template <class T>
T exchange(T value, int mask) {
  T values[kWarp];
  emulation::share_in_warp(&value, sizeof value, values);
  return values[(thread_index() % kWarp) ^ mask];
}

inline float of_lane(float value, int lane) {
  float values[kWarp];
  emulation::share_in_warp(&value, sizeof value, values);
  return values[lane];
}

}  // namespace digitnet::cuda
