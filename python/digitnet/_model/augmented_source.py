"""Arrays of images that are changed anew for every epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet import _core
from digitnet._arrays import as_array
from digitnet._model.array_source import ArraySource
from digitnet._model.source import Source
from digitnet.augmentation import ImageAugmentation
from digitnet.augmentation._ranges import image_shape_of


class AugmentedSource(ArraySource):
    """Cuts batches from changed copies of the images: one copy of the data, written every epoch."""

    steady = False

    def __init__(
        self, source: ArraySource, augmentation: ImageAugmentation, shape: tuple[int, int, int]
    ) -> None:
        super().__init__(source.data, source._given_size, source.shuffle, source._given_steps)
        assert not isinstance(source.data.x, _core.Csr)
        self._images: NDArray[Any] = source.data.x
        self._augmentation, self._shape = augmentation, shape
        self._copies: NDArray[Any] | None = None

    def begin_epoch(self, epoch: int) -> None:
        """Make the copies of this epoch."""
        if self._copies is None:
            self._copies = np.empty(self._images.shape, self._images.dtype)
            self.data = self.data._replace(x=self._copies)
        self._augmentation._write(self._images, self._copies, self._shape, epoch)


def augmented(source: Source, augmentation: object, x: object) -> AugmentedSource:
    """Return the source with its images changed for every epoch.

    Raises
    ------
    TypeError
        ``augmentation`` is no ImageAugmentation, or ``x``, that the source is made of, no array.
    ValueError
        ``x`` does not hold images, or none that the augmentation is for.
    """
    if not isinstance(augmentation, ImageAugmentation):
        raise TypeError(
            "augmentation must be an ImageAugmentation or None. "
            f"Received: {augmentation!r} ({type(augmentation).__name__})"
        )
    if not isinstance(source, ArraySource) or isinstance(source.data.x, _core.Csr):
        kind = "a sparse matrix" if isinstance(source, ArraySource) else "batches"
        raise TypeError(
            "augmentation needs all images in one array x; where x gives batches, they can be "
            f"changed by what makes them. Received: {kind} ({type(x).__name__})"
        )
    array, images = as_array(x, "x"), source.data.x
    shape = image_shape_of((source.samples, *(array.shape[1:] or (1,))), augmentation.image_shape)
    if array.dtype == np.bool_:  # the source made bytes of them, to which copies would be rounded
        images = images.astype(np.float32)
        source = source.over(source.data._replace(x=images))
    augmentation._check_fill(images.dtype)
    return AugmentedSource(source, augmentation, shape)
