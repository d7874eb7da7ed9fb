"""Changed copies of images to train on: shifted, turned, scaled, sheared, distorted elastically.

A digit that is moved a little is another image for a dense network, and still the same digit: a
network that never sees the same image twice learns what its classes have in common.
`Sequential.fit` takes an `ImageAugmentation` and trains every epoch on new copies;
`digitnet.plot.augmentation` shows what it makes of an image.
"""

from .elastic_distortion import ElasticDistortion
from .image_augmentation import ImageAugmentation

__all__ = ["ElasticDistortion", "ImageAugmentation"]
