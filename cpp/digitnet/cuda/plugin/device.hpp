#pragma once
// The few things the host asks of a device: memory, copies, launches. device_cuda.cu does them with
// the CUDA runtime, emulation/device_emulated.cpp without.

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "digitnet/cuda/plugin/step.hpp"

namespace digitnet::cuda {

// What the device answered, as a sentence.
class DeviceFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
class DeviceMemoryFailure : public DeviceFailure {
 public:
  using DeviceFailure::DeviceFailure;
};

struct DeviceFacts {
  std::string name;
  int major = 0, minor = 0, processors = 0;
  std::int64_t memory = 0;
};

namespace device {

int count();  // throws DeviceFailure where none works
DeviceFacts describe(int device);
std::string built_for();

void choose(int device);  // as the calling thread's

// While it lives, a device is the calling thread's; then the one of before is again, which other
// libraries in the process may count on.
class Use {
 public:
  explicit Use(int device);
  ~Use();
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  int before_ = 0;
};

// Each of the following works on the calling thread's device, in the order of the calls; they do
// not wait for the device but for the copies to the host and synchronize.
void* allocate(std::size_t bytes);  // zeros
// On the thread's device, too.
void release(void* block) noexcept;
std::size_t free_memory();
void copy_in(void* to, const void* from, std::size_t bytes);  // `from` may be changed afterwards
void copy_out(void* to, const void* from, std::size_t bytes);
void clear(void* block, std::size_t bytes);
void synchronize();

// The step kernel (kernels.hpp): blocks that fit the device at once, so that they may wait for each
// other.
int blocks_at_once(int device, Math math, bool large_tiles);
void launch_steps(const StepArguments& arguments, Math math, bool large_tiles, int blocks);

}  // namespace device

// Owning memory of a device, zeros at first.
template <class T>
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(std::int64_t size)
      : size_(size),
        data_(size > 0
                  ? static_cast<T*>(device::allocate(static_cast<std::size_t>(size) * sizeof(T)))
                  : nullptr) {}
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : size_(std::exchange(other.size_, 0)), data_(std::exchange(other.data_, nullptr)) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~DeviceBuffer() { device::release(data_); }

  T* data() const { return data_; }
  std::int64_t size() const { return size_; }
  void copy_in(const T* from, std::int64_t count) {
    device::copy_in(data_, from, static_cast<std::size_t>(count) * sizeof(T));
  }
  void copy_out(T* to, std::int64_t count) const {
    device::copy_out(to, data_, static_cast<std::size_t>(count) * sizeof(T));
  }

 private:
  std::int64_t size_ = 0;
  T* data_ = nullptr;
};

}  // namespace digitnet::cuda
