#include "digitnet/cuda/plugin/parameters.hpp"

#include <algorithm>

namespace digitnet::cuda {

DeviceParameters::DeviceParameters(const std::vector<Layer>& layers) {
  int64_t size = 0;
  const auto take = [&](int64_t count) {  // on a boundary of kRow floats
    const int64_t at = size;
    size += parts(count, kRow) * kRow;
    return at;
  };
  for (const Layer& layer : layers) {
    if (layer.kind != LayerKind::kDense) continue;
    const int64_t stride = padded(layer.units);
    const int64_t kernel = take(layer.in * stride), bias = take(layer.units);
    dense_.push_back({layer.in, layer.units, stride, kernel, bias, layer.use_bias});
    flat_size_ += layer.in * layer.units + (layer.use_bias ? layer.units : 0);
  }
  values_ = DeviceBuffer<float>(size);
}

// f(place in the flat array, place in values_, count) for every row
template <class F>
void DeviceParameters::for_each_row(F f) const {
  int64_t flat = 0;
  for (const Dense& dense : dense_) {
    for (int64_t i = 0; i < dense.in; ++i, flat += dense.units)
      f(flat, dense.kernel + i * dense.stride, dense.units);
    if (!dense.has_bias) continue;
    f(flat, dense.bias, dense.units);
    flat += dense.units;
  }
}

void DeviceParameters::copy_in(const float* flat) {
  std::vector<float> staged(static_cast<std::size_t>(values_.size()));
  for_each_row([&](int64_t from, int64_t to, int64_t count) {
    std::copy_n(flat + from, count, staged.data() + to);
  });
  values_.copy_in(staged.data(), values_.size());
}

void DeviceParameters::copy_out(float* flat) const {
  std::vector<float> staged(static_cast<std::size_t>(values_.size()));
  values_.copy_out(staged.data(), values_.size());
  for_each_row([&](int64_t to, int64_t from, int64_t count) {
    std::copy_n(staged.data() + from, count, flat + to);
  });
}

}  // namespace digitnet::cuda
