#include "digitnet/cuda/plugin/emulation/fibers.hpp"

#include <ucontext.h>

#include <algorithm>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace digitnet::cuda::emulation {
namespace {

constexpr std::size_t kStack = std::size_t{128} * 1024;
constexpr int kLanes = 32;
constexpr std::size_t kMostShared = 16;  // bytes that a lane can share

// Opened when all its members have arrived.
struct Gate {
  int members = 0, arrived = 0;
  unsigned long opened = 0;
};

struct Warp {
  Gate gate;
  alignas(16) char values[2][kLanes][kMostShared];  // of two exchanges: a lane may be one ahead
  int lanes = 0;
};

struct Block {
  Gate gate;
  std::vector<float> memory;
  std::vector<Warp> warps;
};

struct Fiber {
  Place place{};
  ucontext_t start{};
  jmp_buf here{};
  bool begun = false, done = false;
  unsigned long exchanges = 0;
};

// Stacks are kept: the pages of a fresh one would be cleared first.
char* stack_of(std::size_t fiber) {
  thread_local std::vector<std::unique_ptr<char[]>> stacks;
  while (stacks.size() <= fiber) stacks.emplace_back(new char[kStack]);
  return stacks[fiber].get();
}

struct Grid {
  int threads = 0, blocks = 0;
  Gate gate;
  std::vector<Block> block;
  std::vector<Fiber> fibers;
  Fiber* running = nullptr;
  jmp_buf scheduler{};
  ucontext_t origin{};
  const std::function<void()>* kernel = nullptr;
  std::exception_ptr failure;
  bool moved = false;  // since the last look: some gate opened, or some fiber began or ended
};

// One launch at a time in a CPU thread.
thread_local Grid* grid = nullptr;

void back_to_scheduler() {
  if (_setjmp(grid->running->here) == 0) _longjmp(grid->scheduler, 1);
}

void fiber_main() {
  try {
    (*grid->kernel)();
  } catch (...) {
    if (!grid->failure) grid->failure = std::current_exception();
  }
  grid->running->done = true;
  _longjmp(grid->scheduler, 1);
}

// Gives a fiber its turn; returns when it waits or is done.
void give_turn(Fiber& fiber) {
  grid->running = &fiber;
  if (_setjmp(grid->scheduler) != 0) return;
  if (fiber.begun) _longjmp(fiber.here, 1);
  fiber.begun = true;
  grid->moved = true;
  getcontext(&fiber.start);
  fiber.start.uc_stack.ss_sp = stack_of(static_cast<std::size_t>(&fiber - grid->fibers.data()));
  fiber.start.uc_stack.ss_size = kStack;
  fiber.start.uc_link = nullptr;
  makecontext(&fiber.start, fiber_main, 0);
  setcontext(&fiber.start);
}

void wait_at(Gate& gate) {
  const unsigned long opened = gate.opened;
  if (++gate.arrived == gate.members) {
    gate.arrived = 0;
    ++gate.opened;
    grid->moved = true;
    return;
  }
  while (gate.opened == opened) back_to_scheduler();
}

std::vector<std::size_t> turns(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const char* text = std::getenv("DIGITNET_EMULATION_ORDER");
  const std::string name = text == nullptr ? "forward" : text;
  if (name == "backward") {
    std::reverse(order.begin(), order.end());
  } else if (name != "forward") {
    std::shuffle(order.begin(), order.end(), std::mt19937_64(std::stoull(name)));
  }
  return order;
}

void run_fibers() {
  const std::vector<std::size_t> order = turns(grid->fibers.size());
  for (std::size_t left = grid->fibers.size(); left > 0;) {
    grid->moved = false;
    for (const std::size_t i : order) {
      Fiber& fiber = grid->fibers[i];
      if (fiber.done) continue;
      give_turn(fiber);
      if (!fiber.done) continue;
      --left;
      grid->moved = true;
    }
    if (left > 0 && !grid->moved)
      throw std::logic_error(
          "the emulated kernel waits at a barrier that some threads never reach");
  }
}

}  // namespace

void run_grid(int blocks, int threads, std::size_t shared, bool together,
              const std::function<void()>& kernel) {
  if (threads % kLanes != 0) throw std::logic_error("a block must have whole warps");
  const int step = together ? blocks : 1;
  for (int first = 0; first < blocks; first += step) {
    Grid now;
    now.threads = threads;
    now.blocks = blocks;
    now.gate.members = step * threads;
    now.kernel = &kernel;
    now.block.resize(static_cast<std::size_t>(blocks));
    now.fibers.resize(static_cast<std::size_t>(step) * static_cast<std::size_t>(threads));
    for (int b = first; b < first + step; ++b) {
      Block& block = now.block[static_cast<std::size_t>(b)];
      block.gate.members = threads;
      block.memory.assign(shared / sizeof(float) + 4, __builtin_nanf(""));
      block.warps.resize(static_cast<std::size_t>(threads / kLanes));
      for (Warp& warp : block.warps) warp.gate.members = kLanes;
      for (int t = 0; t < threads; ++t)
        now.fibers[static_cast<std::size_t>(b - first) * static_cast<std::size_t>(threads) +
                   static_cast<std::size_t>(t)]
            .place = {t, b};
    }
    grid = &now;
    run_fibers();
    grid = nullptr;
    if (now.failure) std::rethrow_exception(now.failure);
  }
}

const Place& current() { return grid->running->place; }
int grid_blocks() { return grid->blocks; }

namespace {
Block& current_block() { return grid->block[static_cast<std::size_t>(current().block)]; }
}  // namespace

char* block_memory() {
  void* memory = current_block().memory.data();
  std::size_t space = current_block().memory.size() * sizeof(float);
  return static_cast<char*>(std::align(16, 0, memory, space));
}

void wait_for_block() { wait_at(current_block().gate); }
void wait_for_grid() { wait_at(grid->gate); }

void share_in_warp(const void* value, std::size_t size, void* out) {
  if (size > kMostShared) throw std::logic_error("a lane cannot share that much");
  const auto lane = static_cast<std::size_t>(current().thread % kLanes);
  Warp& warp = current_block().warps[static_cast<std::size_t>(current().thread / kLanes)];
  auto& values = warp.values[grid->running->exchanges++ % 2];
  std::memcpy(values[lane], value, size);
  wait_at(warp.gate);
  for (std::size_t i = 0; i < kLanes; ++i)
    std::memcpy(static_cast<char*>(out) + i * size, values[i], size);
}

}  // namespace digitnet::cuda::emulation
