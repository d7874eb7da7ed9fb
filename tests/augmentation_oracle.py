"""What `digitnet.augmentation` computes, in NumPy and SciPy: a specification that shares no code.

Only the random words are the core's: `_core.philox`, which has tests of its own.
"""

from types import SimpleNamespace

import numpy as np

from digitnet import _core
from digitnet.augmentation import ElasticDistortion

ALL = {
    "shift": 0.1,
    "rotation": 25,
    "scale": (0.7, 1.3),
    "shear": (-20, 10),
    "elastic": ElasticDistortion(8, 3),
}
STREAM = 4  # of the generator, for augmentation


def images(rng, shape, dtype="uint8"):
    """Return random images."""
    values = rng.integers(0, 256, shape)
    return values.astype(np.uint8) if dtype == "uint8" else (values / 255).astype(dtype)


def words(seed, epoch, index, count):
    """Return the first words of a sample's stream."""
    blocks = [_core.philox(seed, [b, index, epoch, STREAM]) for b in range(-(-count // 4))]
    return np.array(blocks, dtype=np.uint64).ravel()[:count]


def drawn(augment, epoch, index, rows, columns):
    """Return what a sample draws: rotation, scale, shear, shifts and the field before smoothing."""
    all_words = words(augment.seed, epoch, index, 12 + rows * columns)
    pairs = all_words[:10].reshape(5, 2)
    units = ((pairs[:, 0] >> 5) * 2**26 + (pairs[:, 1] >> 6)) / 2**53
    names = ("rotation", "scale", "shear", "shift", "shift")
    bounds = np.array([getattr(augment, name) for name in names])
    values = bounds[:, 0] + (bounds[:, 1] - bounds[:, 0]) * units
    noise = all_words[12:].reshape(rows, columns)
    halves = np.stack([noise >> 16, noise & 0xFFFF]).astype(np.float64)  # of y, of x
    return SimpleNamespace(
        rotation=np.deg2rad(values[0]),
        scale=values[1],
        shear=np.deg2rad(values[2]),
        shift=values[3:] * [rows, columns],  # down, right
        noise=(2 * halves - 65535) / 65536,
    )


def displacements(noise, distortion):
    """Return the smoothed fields (2, rows, columns), in pixels down and to the right."""
    from scipy.ndimage import gaussian_filter

    if distortion is None:
        return np.zeros_like(noise)
    sigmas = (0, *(0 if distortion.sigma >= size else distortion.sigma for size in noise.shape[1:]))
    smooth = gaussian_filter(noise, sigmas, mode="wrap", truncate=3)
    for axis in (1, 2):  # as wide as the image: the mean
        if distortion.sigma >= noise.shape[axis]:
            smooth = np.broadcast_to(smooth.mean(axis=axis, keepdims=True), noise.shape)
    return distortion.alpha * smooth


def places(augment, epoch, index, rows, columns):
    """Return where in the image each pixel of the copy is taken from: (2, rows, columns), y and x.

    The matrices below act on (y, x), with y pointing down.
    """
    draws = drawn(augment, epoch, index, rows, columns)
    cosine, sine = np.cos(draws.rotation), np.sin(draws.rotation)
    rotate = np.array([[cosine, -sine], [sine, cosine]])
    shear = np.array([[1, 0], [-np.tan(draws.shear), 1]])
    there = rotate @ shear * draws.scale
    centre = np.array([(rows - 1) / 2, (columns - 1) / 2])
    grid = np.indices((rows, columns)) + displacements(draws.noise, augment.elastic)
    from_centre = grid - (centre + draws.shift)[:, None, None]
    return np.einsum("ij,jrc->irc", np.linalg.inv(there), from_centre) + centre[:, None, None]


def copy_of(image, augment, epoch, index):
    """Return the changed copy of one image (rows, columns, channels), in float64."""
    from scipy.ndimage import map_coordinates

    rows, columns, _ = image.shape
    where = places(augment, epoch, index, rows, columns)
    fill = augment.fill_value
    channels = [
        map_coordinates(
            image[:, :, k].astype(np.float64), where, order=1, mode="grid-constant", cval=fill
        )
        for k in range(image.shape[2])
    ]
    return np.stack(channels, axis=-1)
