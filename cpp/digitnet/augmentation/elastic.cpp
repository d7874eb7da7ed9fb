#include "digitnet/augmentation/elastic.hpp"

#include <algorithm>
#include <cmath>

#include "digitnet/augmentation/portable_math.hpp"
#include "digitnet/cpu/dispatch.hpp"

namespace digitnet::augmentation {
namespace {

constexpr std::int64_t kChunk = std::int64_t{1} << 16;  // words drawn between looks at the pulse
constexpr std::int64_t kNoiseStep = 64;                 // of a Noise kernel's writing
constexpr std::int64_t kBandPixels = 4096;              // of a band: what stays in the cache

std::int64_t rounded_up(std::int64_t count, std::int64_t step) {
  return (count + step - 1) / step * step;
}

std::int64_t modulo(std::int64_t i, std::int64_t size) { return ((i % size) + size) % size; }

}  // namespace

CircularGaussian::CircularGaussian(double sigma, std::int64_t size, double total) {
  const auto n = static_cast<double>(size);
  if (sigma >= n) {
    weights.assign(static_cast<std::size_t>(size), static_cast<float>(total / n));
    return;
  }
  const std::int64_t radius = std::lround(3 * sigma);
  const std::int64_t taps = std::min(2 * radius + 1, size);
  first = taps == size ? 0 : -radius;
  std::vector<double> values(static_cast<std::size_t>(taps));
  double sum = 0;
  for (std::int64_t d = -radius; d <= radius; ++d) {
    const double scaled = static_cast<double>(d) / sigma;
    const double value = exp_of_minus(scaled * scaled / 2);
    values[static_cast<std::size_t>(taps == size ? modulo(d, size) : d + radius)] += value;
    sum += value;
  }
  for (const double value : values) weights.push_back(static_cast<float>(value * (total / sum)));
}

Smoothing::Smoothing(const Settings& settings, const ImageShape& shape)
    : down(settings.sigma, shape.rows, settings.alpha), across(settings.sigma, shape.cols, 1) {}

DisplacementField::DisplacementField(const Smoothing& smoothing, const ImageShape& shape)
    : smoothing_(smoothing),
      kernels_(cpu::kernels()),
      rows_(shape.rows),
      cols_(shape.cols),
      band_(std::min(rows_, std::max<std::int64_t>(1, kBandPixels / cols_))),
      x_(field()),
      y_(field()) {}

DisplacementField::Field DisplacementField::field() const {
  const std::int64_t width = rounded_up(cols_, cpu::kPanel);
  const std::int64_t band = rounded_up(band_ * cols_, cpu::kPanel);
  const std::int64_t total = (rows_ + smoothing_.down.taps() - 1) * cols_;
  return {AlignedBuffer<float>(total + std::max(cpu::kPanel, kNoiseStep)),
          AlignedBuffer<float>(band), AlignedBuffer<float>(width + smoothing_.across.taps()),
          AlignedBuffer<float>(width)};
}

void DisplacementField::draw(std::uint64_t seed, const PhiloxBlock& counter, Pulse& pulse) {
  const std::int64_t pixels = rows_ * cols_;
  for (std::int64_t i = 0; i < pixels; i += kChunk) {
    const std::int64_t count = std::min(kChunk, pixels - i);
    kernels_.noise(
        {seed,
         {counter[0] + static_cast<std::uint32_t>(i / 4), counter[1], counter[2], counter[3]},
         count,
         x_.noise.data() + i,
         y_.noise.data() + i});
    pulse.count(8 * count);
  }
  const std::int64_t again = (smoothing_.down.taps() - 1) * cols_;
  for (Field* field : {&x_, &y_})
    std::copy_n(field->noise.data(), again, field->noise.data() + pixels);
}

void DisplacementField::smooth_row(std::int64_t row, Pulse& pulse) {
  if (row == 0 || row == band_end_) {
    // The sums of neighbours begin in neighbours, but for the one place where they come around.
    const std::int64_t begin = modulo(row + smoothing_.down.first, rows_);
    band_begin_ = row;
    band_end_ = row + std::min({band_, rows_ - row, rows_ - begin});
    const std::int64_t count = band_end_ - band_begin_;
    smooth_down(begin, count, x_);
    smooth_down(begin, count, y_);
    pulse.count(2 * count * cols_ * smoothing_.down.taps());
  }
  smooth_across(row - band_begin_, x_);
  smooth_across(row - band_begin_, y_);
  pulse.count(2 * cols_ * smoothing_.across.taps());
}

// `count` rows, whose sums begin in `row`.
void DisplacementField::smooth_down(std::int64_t row, std::int64_t count, Field& field) const {
  const CircularGaussian& down = smoothing_.down;
  kernels_.filter({down.weights.data(), down.taps(), field.noise.data() + row * cols_, cols_,
                   count * cols_, field.columns.data()});
}

// A row of the band.
void DisplacementField::smooth_across(std::int64_t row, Field& field) const {
  const CircularGaussian& across = smoothing_.across;
  const std::int64_t before = -across.first, behind = across.taps() - 1 - before;
  const float* open = field.columns.data() + row * cols_;
  float* closed = field.closed.data();
  std::copy_n(open + cols_ - before, before, closed);
  std::copy_n(open, cols_, closed + before);
  std::copy_n(open, behind, closed + before + cols_);
  kernels_.filter({across.weights.data(), across.taps(), closed, 1, cols_, field.smooth.data()});
}

}  // namespace digitnet::augmentation
