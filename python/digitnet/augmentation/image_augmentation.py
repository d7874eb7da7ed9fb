"""Random changes of images, composed into one map of the plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitnet import _core
from digitnet._arrays import as_array, as_float32, check_finite
from digitnet._checks import integer, real
from digitnet._identifiers import Configurable
from digitnet.augmentation._ranges import as_image_shape, as_range, image_shape_of
from digitnet.augmentation.elastic_distortion import ElasticDistortion
from digitnet.utils.random_seed import next_seed

Range: TypeAlias = float | Sequence[float]
Images: TypeAlias = NDArray[np.uint8] | NDArray[np.float32]

KINDS = ("shift", "rotation", "scale", "shear", "elastic")
"""What an `ImageAugmentation` can do, in the order of its arguments."""

_NO_DISTORTION = ElasticDistortion(0.0, 1.0)


class ImageAugmentation(Configurable):
    """Makes changed copies of images, each drawn anew from the given ranges.

    A number ``v`` stands for the range from ``-v`` to ``v`` (of ``scale``: from ``1 - v`` to
    ``1 + v``), a pair ``(low, high)`` for itself; values are uniform in it. An image is scaled,
    sheared and rotated about its centre, shifted, and the result distorted elastically; all that is
    one map of the plane, so that the image is sampled, and blurred, only once (bilinear).

    Parameters
    ----------
    shift : float or (low, high)
        Share of the height, and, drawn anew, of the width; within [-1, 1]. Positive is downwards,
        and to the right. (As Keras' ``RandomTranslation``; torchvision's ``translate``.)
    rotation : float or (low, high)
        Degrees, counter-clockwise; within [-360, 360]. (As torchvision's; Keras' ``RandomRotation``
        counts in full turns.)
    scale : float or (low, high)
        Factor of height and width, above 1 to enlarge; within [0.01, 100]. (As torchvision's;
        Keras' ``RandomZoom`` counts the other way.)
    shear : float or (low, high)
        Degrees by which vertical lines lean to the right; within [-80, 80].
    elastic : ElasticDistortion, optional
        None: not distorted.
    fill_value : float
        Of what lies outside the image: 0 is the paper of MNIST. From 0 to 255 for bytes.
    seed : int, optional
        The copy of sample ``i`` in epoch ``e`` depends on ``(seed, e, i)`` alone: the same bits for
        any number of threads and on every processor. None: the next seed of the stream that
        ``digitnet.utils.set_random_seed`` starts, drawn now.
    image_shape : (rows, columns) or (rows, columns, channels), optional
        Of flat images (n, rows * columns * channels).

    Raises
    ------
    TypeError, ValueError
        An argument of another type, or out of its range.

    Examples
    --------
    >>> from digitnet.augmentation import ElasticDistortion, ImageAugmentation
    >>> from digitnet.datasets import mnist_sample
    >>> (images, labels), _ = mnist_sample.load_data()
    >>> augment = ImageAugmentation(shift=0.1, rotation=10, elastic=ElasticDistortion(), seed=0)
    >>> augment(images, epoch=3).shape
    (4000, 28, 28)
    """

    def __init__(
        self,
        shift: Range = 0.0,
        rotation: Range = 0.0,
        scale: Range = 0.0,
        shear: Range = 0.0,
        elastic: ElasticDistortion | None = None,
        fill_value: float = 0.0,
        seed: int | None = None,
        image_shape: Sequence[int] | None = None,
    ) -> None:
        self.shift = as_range(shift, "shift", -1, 1)
        self.rotation = as_range(rotation, "rotation", -360, 360)
        self.scale = as_range(scale, "scale", 0.01, 100, middle=1)
        self.shear = as_range(shear, "shear", -80, 80)
        if elastic is not None and not isinstance(elastic, ElasticDistortion):
            raise TypeError(
                "elastic must be an ElasticDistortion or None. "
                f"Received: {elastic!r} ({type(elastic).__name__})"
            )
        self.elastic = elastic
        self.fill_value = real(fill_value, "fill_value")
        self.seed = next_seed() if seed is None else integer(seed, "seed", 0, 2**63 - 1)
        self.image_shape = None if image_shape is None else as_image_shape(image_shape)

    def __call__(self, x: ArrayLike, epoch: int = 0) -> Images:
        """Return a changed copy of every image.

        Parameters
        ----------
        x : array (n, rows, columns), (n, rows, columns, channels) or, with image_shape, flat
            uint8, or any other real dtype, which becomes float32. All channels of an image are
            changed alike.
        epoch : int
            Which copies; 0 <= epoch < 2**31.

        Returns
        -------
        array of x's shape, uint8 or float32
            Bytes are rounded to the nearest.

        Raises
        ------
        TypeError
            ``x`` does not hold real numbers, or ``epoch`` is not an integer.
        ValueError
            Another shape, no images, values that are not finite in float32, or ``epoch`` is out of
            range.
        """
        array = as_array(x, "x")
        shape = image_shape_of(array.shape, self.image_shape)
        rows = array if array.dtype == np.uint8 else as_float32(array)
        rows = rows.reshape(len(array), -1)
        if rows.dtype != np.uint8:
            check_finite(rows, array, "x")
        copies = np.empty(array.shape, rows.dtype)
        self._write(rows, copies.reshape(rows.shape), shape, epoch)
        return copies

    def _write(self, x: Images, out: Images, shape: tuple[int, int, int], epoch: int) -> None:
        """Write the copies of flat images, uint8 or finite float32, into ``out``, as flat.

        ``shape`` is that of an image, from `image_shape_of`; ``out`` is in C order and shares no
        memory with ``x``.
        """
        number = integer(epoch, "epoch", 0)
        self._check_fill(x.dtype)
        distortion = self.elastic or _NO_DISTORTION
        _core.augment(
            x,
            out,
            shape,
            shift=self.shift,
            rotation=self.rotation,
            scale=self.scale,
            shear=self.shear,
            alpha=distortion.alpha,
            sigma=distortion.sigma,
            fill_value=self.fill_value,
            seed=self.seed,
            epoch=number,
        )

    def _check_fill(self, dtype: np.dtype[Any]) -> None:
        if dtype == np.uint8 and not 0 <= self.fill_value <= 255:
            raise ValueError(
                "fill_value must be a number from 0 to 255 for images of bytes. "
                f"Received: {self.fill_value:g}"
            )

    def only(self, kind: str) -> ImageAugmentation:
        """Return what does one of `KINDS` alone, with the same draws.

        Raises
        ------
        ValueError
            ``kind`` is none of them.
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}. Received: {kind!r}")
        off: dict[str, Any] = {"scale": (1.0, 1.0), "elastic": None}
        others = {name: off.get(name, 0.0) for name in KINDS if name != kind}
        return ImageAugmentation.from_config({**self.get_config(), **others})

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with ranges as pairs."""
        names = (*KINDS, "fill_value", "seed", "image_shape")
        config = {name: getattr(self, name) for name in names}
        return config | {"elastic": self.elastic and self.elastic.get_config()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ImageAugmentation:
        """Build the object from what ``get_config`` returned.

        Raises
        ------
        TypeError, ValueError
            As the constructor, for unknown or wrong arguments.
        """
        elastic = config.get("elastic")
        if isinstance(elastic, Mapping):
            config = {**config, "elastic": ElasticDistortion.from_config(elastic)}
        return cls(**config)

    def __repr__(self) -> str:
        """Return the constructor call that gives an equal object."""
        config = self.get_config() | {"elastic": self.elastic}
        arguments = ", ".join(f"{name}={value!r}" for name, value in config.items())
        return f"{type(self).__name__}({arguments})"
