#pragma once
// Changed copies of images, for training: shifted, rotated, scaled, sheared, distorted.

#include "digitnet/augmentation/pulse.hpp"
#include "digitnet/augmentation/settings.hpp"
#include "digitnet/dataset.hpp"

namespace digitnet::augmentation {

// out: (images.count, images.features), of the images' type, C-contiguous; may not overlap them.
// Sample i depends on the settings, the epoch, i and the image alone, never on the number of
// threads. Throws std::invalid_argument for sizes and settings that cannot be, and what the
// interruption throws, out being undefined then.
void augment(const Samples& images, const ImageShape& shape, const Settings& settings,
             std::uint64_t epoch, void* out, const Interruption& interruption);

}  // namespace digitnet::augmentation
