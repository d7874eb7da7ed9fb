#pragma once
// Elastic distortion: Simard, Steinkraus, Platt, "Best practices for convolutional neural networks
// applied to visual document analysis", ICDAR 2003. Every pixel is displaced by a number of its
// own, uniform in (-alpha, alpha), in x and in y; both fields are smoothed by a Gaussian of
// deviation sigma. The fields close on themselves, left to right and top to bottom, so that
// displacements are alike everywhere, at the edges too.

#include <vector>

#include "digitnet/aligned_buffer.hpp"
#include "digitnet/augmentation/pulse.hpp"
#include "digitnet/augmentation/settings.hpp"
#include "digitnet/cpu/kernel_table.hpp"
#include "digitnet/random.hpp"

namespace digitnet::augmentation {

// A Gaussian on a circle of pixels: out[i] = sum over k of weights[k] * in[(i + first + k) mod
// size].
struct CircularGaussian {
  std::int64_t first = 0;
  std::vector<float> weights;  // at most `size`, their sum is `total`

  // Cut at three deviations; what reaches beyond the circle comes around. From sigma = size on all
  // weights are equal, which is what they tend to.
  CircularGaussian(double sigma, std::int64_t size, double total);
  std::int64_t taps() const { return static_cast<std::int64_t>(weights.size()); }
};

// What the fields of all samples have in common.
struct Smoothing {
  CircularGaussian down, across;

  Smoothing(const Settings& settings, const ImageShape& shape);
};

// The displacements of one sample after the other.
class DisplacementField {
 public:
  DisplacementField(const Smoothing& smoothing, const ImageShape& shape);

  // The noise of a sample: one word of the generator a pixel, row by row, its low half for x, its
  // high half for y. counter: of the first block.
  void draw(std::uint64_t seed, const PhiloxBlock& counter, Pulse& pulse);
  // Smooths a row of what was drawn: row 0 first, then the others in order.
  void smooth_row(std::int64_t row, Pulse& pulse);
  // (cols,), of the row smoothed last
  const float* dx() const { return x_.smooth.data(); }
  const float* dy() const { return y_.smooth.data(); }

 private:
  // One direction's. Whole panels of columns are computed; those behind the last are never used.
  struct Field {
    AlignedBuffer<float> noise;    // (rows + down.taps - 1, cols): the first rows again at the end
    AlignedBuffer<float> columns;  // (band, cols), smoothed downwards
    AlignedBuffer<float> closed;   // (cols + across.taps - 1,): a row of them, its ends joined
    AlignedBuffer<float> smooth;   // (cols,)
  };
  Field field() const;
  void smooth_down(std::int64_t row, std::int64_t count, Field& field) const;
  void smooth_across(std::int64_t row, Field& field) const;

  const Smoothing& smoothing_;
  const cpu::KernelTable& kernels_;
  std::int64_t rows_, cols_;
  std::int64_t
      band_;  // rows that are smoothed downwards at once: one long sum costs less than many
  std::int64_t band_begin_ = 0, band_end_ = 0;
  Field x_, y_;
};

}  // namespace digitnet::augmentation
