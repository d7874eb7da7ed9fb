// device.hpp with the CUDA runtime, which is linked statically; the driver is found when the first
// call needs it.
#include <cuda_runtime.h>

#include <map>
#include <mutex>
#include <sstream>

#include "digitnet/cuda/plugin/device.hpp"
#include "digitnet/cuda/plugin/kernels.hpp"
#include "digitnet/cuda/plugin/platform.cuh"

namespace digitnet::cuda::device {
namespace {

constexpr int kLeastMajor = 7, kLeastMinor = 5;

[[noreturn]] void fail(cudaError_t error, const char* doing) {
  std::ostringstream text;
  text << "the GPU failed while " << doing << ": " << cudaGetErrorString(error);
  if (error == cudaErrorMemoryAllocation) throw DeviceMemoryFailure(text.str());
  throw DeviceFailure(text.str());
}

void check(cudaError_t error, const char* doing) {
  if (error == cudaSuccess) return;
  (void)cudaGetLastError();  // one that does not last must not fail the next call
  fail(error, doing);
}

std::string version(int number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

// Memory that was given back stays with the process, up to kKept bytes a device: every call asks
// for the same again, and cudaMalloc and cudaFree take as long as a short call.
cudaMemPool_t make_pool(int device) {
  constexpr std::uint64_t kKept = std::uint64_t{256} << 20;
  int supported = 0;
  cudaMemPool_t pool = nullptr;
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device;
  std::uint64_t kept = kKept;
  if (cudaDeviceGetAttribute(&supported, cudaDevAttrMemoryPoolsSupported, device) != cudaSuccess ||
      supported == 0 || cudaMemPoolCreate(&pool, &properties) != cudaSuccess ||
      cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept) != cudaSuccess)
    pool = nullptr;
  (void)cudaGetLastError();
  return pool;
}

// Of the thread's device; null where it has none. Pools live as long as the process.
cudaMemPool_t pool_of_device() {
  static std::mutex mutex;
  static std::map<int, cudaMemPool_t> pools;
  int device = 0;
  if (cudaGetDevice(&device) != cudaSuccess) return nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = pools.find(device);
  if (found != pools.end()) return found->second;
  return pools[device] = make_pool(device);
}

}  // namespace

int count() {
  int driver = 0, runtime = 0, devices = 0;
  (void)cudaRuntimeGetVersion(&runtime);
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
    throw DeviceFailure("no NVIDIA driver was found on this machine");
  const cudaError_t error = cudaGetDeviceCount(&devices);
  (void)cudaGetLastError();
  if (error == cudaErrorInsufficientDriver)
    throw DeviceFailure("the NVIDIA driver is too old: it supports CUDA " + version(driver) +
                        ", digitnet was built with CUDA " + version(runtime));
  if (error == cudaErrorNoDevice || (error == cudaSuccess && devices == 0))
    throw DeviceFailure("the NVIDIA driver is there, but it sees no GPU");
  check(error, "its devices were counted");
  return devices;
}

DeviceFacts describe(int device) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, device), "its properties were read");
  if (properties.major < kLeastMajor ||
      (properties.major == kLeastMajor && properties.minor < kLeastMinor))
    throw DeviceFailure(std::string("the GPU ") + properties.name + " has compute capability " +
                        std::to_string(properties.major) + "." + std::to_string(properties.minor) +
                        ", digitnet needs 7.5 or more");
  return {properties.name, properties.major, properties.minor, properties.multiProcessorCount,
          static_cast<std::int64_t>(properties.totalGlobalMem)};
}

std::string built_for() { return "CUDA " + version(CUDART_VERSION); }

void choose(int device) {
  const cudaError_t error = cudaSetDevice(device);
  if (error == cudaSuccess) return;
  (void)cudaGetLastError();
  throw DeviceFailure(std::string("the GPU cannot be used, perhaps since an earlier failure: ") +
                      cudaGetErrorString(error));
}

Use::Use(int device) {
  if (cudaGetDevice(&before_) != cudaSuccess) before_ = device;
  choose(device);
}

Use::~Use() {
  int now = before_;
  if (cudaGetDevice(&now) == cudaSuccess && now != before_) (void)cudaSetDevice(before_);
  (void)cudaGetLastError();
}

void* allocate(std::size_t bytes) {
  void* memory = nullptr;
  const cudaMemPool_t pool = pool_of_device();
  const cudaError_t error = pool != nullptr ? cudaMallocFromPoolAsync(&memory, bytes, pool, nullptr)
                                            : cudaMalloc(&memory, bytes);
  if (error == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    std::ostringstream text;
    text << "the GPU has no room for " << bytes << " more bytes (" << free_memory() << " are free)";
    throw DeviceMemoryFailure(text.str());
  }
  check(error, "memory was asked for");
  try {
    clear(memory, bytes);
  } catch (...) {
    release(memory);
    throw;
  }
  return memory;
}

void release(void* memory) noexcept {
  if (memory == nullptr) return;
  if (pool_of_device() != nullptr)
    (void)cudaFreeAsync(memory, nullptr);
  else
    (void)cudaFree(memory);
  (void)cudaGetLastError();
}

std::size_t free_memory() {
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "its free memory was asked for");
  return free;
}

// Synchronous: of the asynchronous copy nothing says when `from` may be changed.
void copy_in(void* to, const void* from, std::size_t bytes) {
  check(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), "bytes were sent");
}

void copy_out(void* to, const void* from, std::size_t bytes) {
  check(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost), "bytes were fetched");
}

void clear(void* memory, std::size_t bytes) {
  check(cudaMemsetAsync(memory, 0, bytes, nullptr), "memory was cleared");
}

void synchronize() { check(cudaDeviceSynchronize(), "it computed"); }

int blocks_at_once(int device, Math math, bool large_tiles) {
  const StepKernel kernel = step_kernel(math, large_tiles);
  int blocks = 0, processors = 0, cooperative = 0;
  const auto* function = reinterpret_cast<const void*>(kernel.all_phases);
  const auto shared = static_cast<int>(kernel.shared);
  check(cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize, shared),
        "its shared memory was set up");
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function, kBlockThreads,
                                                      kernel.shared),
        "a kernel was sized");
  check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device),
        "its processors were counted");
  check(cudaDeviceGetAttribute(&cooperative, cudaDevAttrCooperativeLaunch, device),
        "its launches were looked at");
  if (cooperative == 0 || blocks == 0)
    throw DeviceFailure("the GPU cannot run blocks that wait for each other (cooperative launch)");
  return blocks * processors;
}

void launch_steps(const StepArguments& arguments, Math math, bool large_tiles, int blocks) {
  const StepKernel kernel = step_kernel(math, large_tiles);
  StepArguments copy = arguments;
  void* parameters[] = {&copy};
  check(cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(kernel.all_phases),
                                    static_cast<unsigned>(blocks), kBlockThreads, parameters,
                                    kernel.shared, nullptr),
        "steps were launched");
}

}  // namespace digitnet::cuda::device
