#pragma once
// The threads of an emulated launch. Each is a fiber with a stack of its own; a fiber runs until it
// waits for others, then the next one does. The order of turns can be changed
// (DIGITNET_EMULATION_ORDER=forward, backward or an integer seed of a random one): a kernel with a
// missing barrier gives different results.

#include <cstddef>
#include <functional>

namespace digitnet::cuda::emulation {

struct Place {
  int thread, block;
};

// Runs kernel() in blocks * threads fibers until all have returned. together: the blocks take
// turns, too, and may wait for each other; else one block runs after the other. shared: bytes of
// memory for each block, filled with NaNs. Throws std::logic_error where fibers wait for some that
// have returned.
void run_grid(int blocks, int threads, std::size_t shared, bool together,
              const std::function<void()>& kernel);

// For the kernel, from its fiber:
const Place& current();
int grid_blocks();
char* block_memory();
void wait_for_block();
void wait_for_grid();
// Copies `size` bytes of every lane of the warp, in the order of the lanes, to out. All 32 lanes
// take part.
void share_in_warp(const void* value, std::size_t size, void* out);

}  // namespace digitnet::cuda::emulation
