// device.hpp with the CUDA runtime, which is linked statically; the driver is found when the first
// call needs it.
#include <cuda_runtime.h>

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

Use::Use(int device) {
  check(cudaGetDevice(&before_), "the current device was asked for");
  check(cudaSetDevice(device), "it was chosen");
}

Use::~Use() {
  int now = before_;
  if (cudaGetDevice(&now) == cudaSuccess && now != before_) (void)cudaSetDevice(before_);
  (void)cudaGetLastError();
}

void* allocate(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, bytes);
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
  if (memory != nullptr) (void)cudaFree(memory);
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
