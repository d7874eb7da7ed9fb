#pragma once
// Shift, rotation, scaling and shear: one affine map of the plane.

#include "digitnet/augmentation/settings.hpp"
#include "digitnet/random.hpp"

namespace digitnet::augmentation {

// From a pixel of the new image to the place of the old one that it shows; x to the right, y down:
//   x = xx (col - col0) + xy (row - row0) + centre_x
//   y = yx (col - col0) + yy (row - row0) + centre_y
struct AffineMap {
  float xx = 1, xy = 0, yx = 0, yy = 1;
  float col0 = 0, row0 = 0;  // where the image's centre went
  float centre_x = 0, centre_y = 0;

  bool is_identity() const;
};

// Draws five numbers, whichever kinds are on: the shift of a sample does not depend on whether it
// is turned, too. The image is scaled, sheared, rotated about its centre, and shifted, in this
// order.
AffineMap draw_affine(const Settings& settings, const ImageShape& shape, Random& random);

}  // namespace digitnet::augmentation
