#pragma once
// Bilinear sampling of an image anywhere; outside it has the fill value.

#include "digitnet/aligned_buffer.hpp"
#include "digitnet/augmentation/affine.hpp"
#include "digitnet/augmentation/pulse.hpp"
#include "digitnet/augmentation/settings.hpp"

namespace digitnet::augmentation {

class Sampler {
 public:
  Sampler(const ImageShape& shape, float fill_value);

  // Takes an image whose elements lie `step` elements apart, in the order of rows, columns,
  // channels.
  template <class T>
  void load(const T* image, std::int64_t step, Pulse& pulse);

  // out (cols, channels): a row of the new image. dx, dy (cols,): displacements of its pixels
  // before the affine map, or both null. Bytes are rounded, halves up.
  template <class T>
  void sample_row(std::int64_t row, const AffineMap& map, const float* dx, const float* dy, T* out,
                  Pulse& pulse);

 private:
  void find_places(std::int64_t row, const AffineMap& map, const float* dx, const float* dy);

  ImageShape shape_;
  std::int64_t width_, plane_;   // of a plane: a row, all rows
  AlignedBuffer<float> planes_;  // (channels, rows + 3, cols + 3): 1 before, 2 behind are filled
  // (cols,), of a row's pixels: where the four neighbours begin, and how far the place lies beyond
  // the first of them
  AlignedBuffer<std::int32_t> corner_;
  AlignedBuffer<float> right_, down_;
};

}  // namespace digitnet::augmentation
