#include "digitnet/augmentation/elastic.hpp"

#include <algorithm>

#include "digitnet/augmentation/portable_math.hpp"

namespace digitnet::augmentation {
namespace {

constexpr std::int64_t kBlock = 32;  // columns summed at once: eight registers of the smallest kind

std::int64_t whole_blocks(std::int64_t cols) { return (cols + kBlock - 1) / kBlock * kBlock; }

// out[j] = sum over k of weights[k] * in[k * step + j], 0 <= j < kBlock, in the order of k.
void sum_block(const CircularGaussian& gaussian, const float* in, std::int64_t step, float* out) {
  float sums[kBlock] = {};
  for (const float weight : gaussian.weights) {
    for (std::int64_t j = 0; j < kBlock; ++j) sums[j] += weight * in[j];
    in += step;
  }
  std::copy_n(sums, kBlock, out);
}

// Of 65536 values, as many below zero as above.
float signed_unit(std::uint32_t half) {
  return static_cast<float>(2 * static_cast<std::int32_t>(half) - 65535) * (1.0F / 65536.0F);
}

std::int64_t modulo(std::int64_t i, std::int64_t size) { return ((i % size) + size) % size; }

}  // namespace

CircularGaussian::CircularGaussian(double sigma, std::int64_t size, double total) {
  const double n = static_cast<double>(size);
  if (sigma >= n) {
    weights.assign(static_cast<std::size_t>(size), static_cast<float>(total / n));
    return;
  }
  const std::int64_t radius = static_cast<std::int64_t>(3 * sigma + 0.5);
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
      rows_(shape.rows),
      cols_(shape.cols),
      width_(whole_blocks(cols_)),
      closed_width_(width_ + smoothing.across.taps()),
      words_(cols_),
      noise_((rows_ + smoothing.down.taps() - 1) * 2 * width_),
      columns_(2 * width_),
      closed_(closed_width_),
      smooth_(2 * width_) {}

// The noise of row r lies in row r - down.first of the buffer, so that the sum for row r begins in
// row r.
void DisplacementField::draw(Random& random, Pulse& pulse) {
  for (std::int64_t r = 0; r < rows_; ++r) {
    float* dx = noise_.data() + (r - smoothing_.down.first) * 2 * width_;
    float* dy = dx + width_;
    random.next_words(cols_, words_.data());
    for (std::int64_t c = 0; c < cols_; ++c) {
      dx[c] = signed_unit(words_[c] & 0xFFFFU);
      dy[c] = signed_unit(words_[c] >> 16);
    }
    pulse.count(8 * cols_);
  }
  close_columns();
}

void DisplacementField::close_columns() {
  const std::int64_t first = -smoothing_.down.first, row = 2 * width_;
  const std::int64_t total = rows_ + smoothing_.down.taps() - 1;
  float* noise = noise_.data();
  for (std::int64_t r = 0; r < first; ++r)
    std::copy_n(noise + (r + rows_) * row, row, noise + r * row);
  for (std::int64_t r = first + rows_; r < total; ++r)
    std::copy_n(noise + (r - rows_) * row, row, noise + r * row);
}

// The same for one row: what the sums reach beyond its ends.
void DisplacementField::close_row(const float* row, float* closed) const {
  const std::int64_t first = -smoothing_.across.first;
  const std::int64_t total = cols_ + smoothing_.across.taps() - 1;
  std::copy_n(row, cols_, closed + first);
  std::copy_n(closed + cols_, first, closed);
  std::copy_n(closed + first, total - first - cols_, closed + first + cols_);
}

void DisplacementField::smooth_row(std::int64_t row, Pulse& pulse) {
  const CircularGaussian &down = smoothing_.down, &across = smoothing_.across;
  const float* noise = noise_.data() + row * 2 * width_;
  for (std::int64_t c = 0; c < 2 * width_; c += kBlock) {
    sum_block(down, noise + c, 2 * width_, columns_.data() + c);
    pulse.count(kBlock * down.taps());
  }
  for (std::int64_t field = 0; field < 2; ++field) {
    close_row(columns_.data() + field * width_, closed_.data());
    for (std::int64_t c = 0; c < width_; c += kBlock) {
      sum_block(across, closed_.data() + c, 1, smooth_.data() + field * width_ + c);
      pulse.count(kBlock * across.taps());
    }
  }
}

}  // namespace digitnet::augmentation
