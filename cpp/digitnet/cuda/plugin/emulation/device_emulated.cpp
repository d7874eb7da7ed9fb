// device.hpp without a device: memory of the host, kernels in fibers. Two switches, for tests of
// what can go wrong: DIGITNET_EMULATION_MEMORY, the bytes that the device has, and
// DIGITNET_EMULATION_FAULT, after how many launches it is lost.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "digitnet/cuda/plugin/device.hpp"
#include "digitnet/cuda/plugin/emulation/fibers.hpp"
#include "digitnet/cuda/plugin/kernels.hpp"
#include "digitnet/cuda/plugin/platform.cuh"

namespace digitnet::cuda::device {
namespace {

constexpr int kProcessors = 3;  // few, and odd: tiles are shared out unevenly

std::int64_t setting(const char* name, std::int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoll(text, nullptr, 10);
}

std::size_t capacity() {
  return static_cast<std::size_t>(setting("DIGITNET_EMULATION_MEMORY", std::int64_t{1} << 34));
}

struct Memory {
  std::mutex mutex;
  std::map<void*, std::size_t> blocks;
  std::size_t used = 0;

  std::size_t free() const { return used < capacity() ? capacity() - used : 0; }
};
Memory& memory() {
  static Memory instance;
  return instance;
}

constexpr int kNone = -1;
thread_local int current = kNone;  // another library's: what is done without Use goes astray

std::atomic<std::int64_t> launches{0};

// As after an illegal access: nothing works any more, in the whole process.
bool lost() {
  const std::int64_t fault = setting("DIGITNET_EMULATION_FAULT", -1);
  if (fault < 0) launches = 0;
  return fault >= 0 && launches > fault;
}

void need_device() {
  if (current == kNone) throw DeviceFailure("a device was used before it was chosen");
  if (lost()) throw DeviceFailure("the GPU failed while it computed: the emulated device is lost");
}

}  // namespace

int count() { return 1; }

DeviceFacts describe(int) {
  return {"emulated on the host", 9, 0, kProcessors, static_cast<std::int64_t>(capacity())};
}

// NOLINTNEXTLINE(modernize-use-string-view): on a GPU the text is made from versions
std::string built_for() { return "emulation on the host"; }

void choose(int device) {
  current = device;
  need_device();
}

Use::Use(int device) : before_(current) {
  try {
    choose(device);
  } catch (...) {
    current = before_;
    throw;
  }
}
Use::~Use() { current = before_; }

void* allocate(std::size_t bytes) {
  need_device();
  Memory& all = memory();
  const std::lock_guard<std::mutex> lock(all.mutex);
  if (bytes > all.free())
    throw DeviceMemoryFailure("the GPU has no room for " + std::to_string(bytes) + " more bytes (" +
                              std::to_string(all.free()) + " are free)");
  constexpr std::size_t kAlignment = 256;
  void* block = nullptr;  // of no byte more, so that an address sanitizer sees who reaches beyond
  if (posix_memalign(&block, kAlignment, bytes) != 0) throw std::bad_alloc();
  std::memset(block, 0, bytes);
  all.blocks[block] = bytes;
  all.used += bytes;
  return block;
}

void release(void* block) noexcept {
  if (block == nullptr) return;
  Memory& all = memory();
  const std::lock_guard<std::mutex> lock(all.mutex);
  all.used -= all.blocks[block];
  all.blocks.erase(block);
  std::free(block);
}

std::size_t free_memory() {
  need_device();
  Memory& all = memory();
  const std::lock_guard<std::mutex> lock(all.mutex);
  return all.free();
}

void copy_in(void* to, const void* from, std::size_t bytes) {
  need_device();
  std::memcpy(to, from, bytes);
}

void copy_out(void* to, const void* from, std::size_t bytes) {
  need_device();
  std::memcpy(to, from, bytes);
}

void clear(void* block, std::size_t bytes) {
  need_device();
  std::memset(block, 0, bytes);
}

void synchronize() { need_device(); }

int blocks_at_once(int, Math, bool) {
  need_device();
  return kProcessors;
}

void launch_steps(const StepArguments& arguments, Math math, bool large_tiles, int blocks) {
  need_device();
  ++launches;
  if (lost()) return;  // which shows when the host waits for it
  const StepKernel kernel = step_kernel(math, large_tiles);
  emulation::run_grid(blocks, kBlockThreads, kernel.shared, true,
                      [&] { kernel.all_phases(arguments); });
}

}  // namespace digitnet::cuda::device
