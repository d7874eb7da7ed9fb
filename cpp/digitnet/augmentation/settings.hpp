#pragma once
// How images are changed at random.

#include <cstdint>

namespace digitnet::augmentation {

// The largest height and width: a pixel's place is then exact in float32, to 1/256 of a pixel.
inline constexpr std::int64_t kMaxSide = 32767;

// Values are drawn uniformly from [low, high].
struct Range {
  double low = 0, high = 0;
};

struct Settings {
  Range shift;        // share of the height downwards, and, drawn anew, of the width to the right
  Range rotation;     // degrees, counter-clockwise
  Range scale{1, 1};  // factor; above 1 enlarges
  Range shear;        // degrees by which vertical lines lean to the right
  double alpha = 0;   // pixels; 0: no elastic distortion
  double sigma = 1;   // pixels
  double fill_value = 0;  // of what lies outside the image
  std::uint64_t seed = 0;
};

struct ImageShape {
  std::int64_t rows = 0, cols = 0, channels = 1;
};

}  // namespace digitnet::augmentation
