#include "digitnet/augmentation/sampler.hpp"

#include <algorithm>
#include <type_traits>

namespace digitnet::augmentation {
namespace {

// Into [0, high]; NaN becomes 0.
float clamped(float x, float high) {
  const float above = x > 0.0F ? x : 0.0F;
  return above < high ? above : high;
}

template <class T>
T stored(float value) {
  if constexpr (std::is_same_v<T, float>)
    return value;
  else
    // value: 0 .. 255; lround is no vector instruction.
    // NOLINTNEXTLINE(bugprone-incorrect-roundings)
    return static_cast<T>(static_cast<std::int32_t>(value + 0.5F));
}

}  // namespace

Sampler::Sampler(const ImageShape& shape, float fill_value)
    : shape_(shape),
      width_(shape.cols + 3),
      plane_((shape.rows + 3) * width_),
      planes_(shape.channels * plane_),
      corner_(shape.cols),
      right_(shape.cols),
      down_(shape.cols) {
  std::fill_n(planes_.data(), planes_.size(), fill_value);
}

template <class T>
void Sampler::load(const T* image, std::int64_t step, Pulse& pulse) {
  const std::int64_t apart = step * shape_.channels;
  for (std::int64_t k = 0; k < shape_.channels; ++k)
    for (std::int64_t r = 0; r < shape_.rows; ++r) {
      const T* from = image + k * step + r * shape_.cols * apart;
      float* to = planes_.data() + k * plane_ + (r + 1) * width_ + 1;
      if (apart == 1)
        std::copy_n(from, shape_.cols, to);
      else
        for (std::int64_t c = 0; c < shape_.cols; ++c) to[c] = static_cast<float>(from[c * apart]);
      pulse.count(shape_.cols);
    }
}

void Sampler::find_places(std::int64_t row, const AffineMap& map, const float* dx,
                          const float* dy) {
  // One more: the planes' first row and column lie outside the image.
  const float x0 = map.centre_x + 1, y0 = map.centre_y + 1;
  const auto x_end = static_cast<float>(shape_.cols + 1);
  const auto y_end = static_cast<float>(shape_.rows + 1);
  const float v0 = static_cast<float>(row) - map.row0;
  const auto width = static_cast<std::int32_t>(width_);
  const auto cols = static_cast<std::int32_t>(shape_.cols);
  const auto place = [&](std::int32_t c, float u, float v) {
    const float x = clamped(map.xx * u + map.xy * v + x0, x_end);
    const float y = clamped(map.yx * u + map.yy * v + y0, y_end);
    const auto i = static_cast<std::int32_t>(y), j = static_cast<std::int32_t>(x);
    corner_[c] = i * width + j;
    right_[c] = x - static_cast<float>(j);
    down_[c] = y - static_cast<float>(i);
  };
  if (dx != nullptr)
    for (std::int32_t c = 0; c < cols; ++c)
      place(c, static_cast<float>(c) - map.col0 + dx[c], v0 + dy[c]);
  else
    for (std::int32_t c = 0; c < cols; ++c) place(c, static_cast<float>(c) - map.col0, v0);
}

template <class T>
void Sampler::sample_row(std::int64_t row, const AffineMap& map, const float* dx, const float* dy,
                         T* out, Pulse& pulse) {
  find_places(row, map, dx, dy);
  for (std::int64_t k = 0; k < shape_.channels; ++k) {
    const float* plane = planes_.data() + k * plane_;
    for (std::int64_t c = 0; c < shape_.cols; ++c) {
      const float* above = plane + corner_[c];
      const float* below = above + width_;
      // Weights that add up to 1: no difference of pixels can overflow.
      const float right = right_[c], left = 1 - right;
      const float upper = above[0] * left + above[1] * right;
      const float lower = below[0] * left + below[1] * right;
      out[c * shape_.channels + k] = stored<T>(upper * (1 - down_[c]) + lower * down_[c]);
    }
  }
  pulse.count(16 * shape_.cols * shape_.channels);
}

#define DIGITNET_SAMPLER(T)                                                                        \
  template void Sampler::load<T>(const T*, std::int64_t, Pulse&);                                  \
  template void Sampler::sample_row<T>(std::int64_t, const AffineMap&, const float*, const float*, \
                                       T*, Pulse&)
DIGITNET_SAMPLER(float);
DIGITNET_SAMPLER(std::uint8_t);
#undef DIGITNET_SAMPLER

}  // namespace digitnet::augmentation
