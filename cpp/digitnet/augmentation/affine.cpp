#include "digitnet/augmentation/affine.hpp"

#include <cmath>

#include "digitnet/augmentation/portable_math.hpp"

namespace digitnet::augmentation {
namespace {

double draw(const Range& range, Random& random) {
  return range.low + (range.high - range.low) * random.uniform();
}

}  // namespace

bool AffineMap::is_identity() const {
  return xx == 1 && xy == 0 && yx == 0 && yy == 1 && col0 == centre_x && row0 == centre_y;
}

AffineMap draw_affine(const Settings& settings, const ImageShape& shape, Random& random) {
  const Turn turn = turn_of(draw(settings.rotation, random));
  const double factor = draw(settings.scale, random);
  const Turn lean = turn_of(draw(settings.shear, random));
  const double down = draw(settings.shift, random) * static_cast<double>(shape.rows);
  const double right = draw(settings.shift, random) * static_cast<double>(shape.cols);
  const double slope = lean.sine / lean.cosine;
  const double x = static_cast<double>(shape.cols - 1) / 2;
  const double y = static_cast<double>(shape.rows - 1) / 2;
  // The inverse of  factor * [c s; -s c] * [1 -slope; 0 1],  y pointing down.
  AffineMap map;
  map.xx = static_cast<float>((turn.cosine + slope * turn.sine) / factor);
  map.xy = static_cast<float>((slope * turn.cosine - turn.sine) / factor);
  map.yx = static_cast<float>(turn.sine / factor);
  map.yy = static_cast<float>(turn.cosine / factor);
  map.col0 = static_cast<float>(x + right);
  map.row0 = static_cast<float>(y + down);
  map.centre_x = static_cast<float>(x);
  map.centre_y = static_cast<float>(y);
  return map;
}

}  // namespace digitnet::augmentation
