#pragma once
// Samples on the device: a whole data set for as long as it is used, or one piece after the other.

#include "digitnet/cuda/plugin.hpp"
#include "digitnet/cuda/plugin/device.hpp"

namespace digitnet::cuda {

class DeviceData {
 public:
  // Room for `capacity` of the source's samples.
  DeviceData(const DigitnetCudaSource& source, int64_t capacity);

  // Bytes that one sample takes.
  static int64_t bytes_of_sample(const DigitnetCudaSource& source);

  // Reads samples first .. first + count - 1 of the order (or as they lie), to the beginning.
  void read(const DigitnetCudaSource& source, const std::uint32_t* order, int64_t first,
            int64_t count);
  // What kernels are told; order: on the device, or null.
  DeviceSamples samples(const std::uint32_t* order, float scale, float offset) const;

  int64_t capacity() const { return capacity_; }

 private:
  void read_piece(const DigitnetCudaSource& source, const std::uint32_t* order, int64_t first,
                  int64_t count, int64_t to);

  int64_t capacity_, row_stride_, target_stride_;
  bool bytes_;
  DeviceBuffer<std::uint8_t> rows_;  // uint8 or float32
  DeviceBuffer<std::int32_t> labels_;
  DeviceBuffer<float> targets_, weights_;
};

}  // namespace digitnet::cuda
