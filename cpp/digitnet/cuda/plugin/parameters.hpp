#pragma once
// A network's parameters (or velocities, or gradients) on the device, in one piece of memory.

#include <vector>

#include "digitnet/cuda/plugin/device.hpp"
#include "digitnet/network.hpp"

namespace digitnet::cuda {

class DeviceParameters {
 public:
  explicit DeviceParameters(const std::vector<Layer>& layers);

  // Of dense layer d: (in, units), padded; (units,), or null where it has none.
  DeviceMatrix kernel(std::size_t d) const {
    return {values_.data() + dense_[d].kernel, dense_[d].stride};
  }
  float* bias(std::size_t d) const {
    return dense_[d].has_bias ? values_.data() + dense_[d].bias : nullptr;
  }

  // All of it, padding included: kRow floats a row.
  static constexpr int64_t kRow = 256;
  DeviceMatrix whole() const { return {values_.data(), kRow}; }
  int64_t rows() const { return values_.size() / kRow; }

  // Between the device and plugin.hpp's flat array.
  int64_t flat_size() const { return flat_size_; }
  void copy_in(const float* flat);
  void copy_out(float* flat) const;

 private:
  struct Dense {
    int64_t in, units, stride, kernel, bias;  // the last two: places in values_
    bool has_bias;
  };
  template <class F>
  void for_each_row(F f) const;

  std::vector<Dense> dense_;
  int64_t flat_size_ = 0;
  DeviceBuffer<float> values_;
};

// Row lengths are rounded up to this many floats.
inline constexpr int64_t kPadding = 32;
inline int64_t parts(int64_t count, int64_t size) { return (count + size - 1) / size; }
inline int64_t padded(int64_t count) { return parts(count, kPadding) * kPadding; }

}  // namespace digitnet::cuda
