"""From a picture file to what a network trained on MNIST expects to see.

MNIST's digits are light on black, fit a box of 20 by 20 pixels, and have their centre of mass in
the middle of 28 by 28 pixels (LeCun, Cortes, Burges: The MNIST database of handwritten digits). A
network that has only seen such digits reads others badly, so pictures are brought to that form.
"""

from __future__ import annotations

import io
import os
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet._errors import sentence

SIDE = 28
BOX = 20

_GZIP_START = b"\x1f\x8b"
# What Pillow reads by itself; others it hands to programs (EPS to Ghostscript) and odd libraries.
_FORMATS = (
    "AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TGA", "TIFF", "WEBP",
)  # fmt: skip
_MAX_PIXELS = 2**26  # 8192 by 8192: more than cameras have, and half a gigabyte at work
_FINE = 1024  # pixels of a side: more tell nothing about a digit of 20
_IDX_STARTS = tuple(bytes([0, 0, code]) for code in (0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E))


def read_images(path: str, *, raw: bool = False) -> NDArray[np.uint8]:
    """Read a picture of one digit, or an IDX file of many.

    Args:
        path: a picture of any size up to 2**26 pixels, PNG, JPEG, GIF, BMP, TIFF, WebP or another
            format that Pillow reads by itself, or an IDX file of uint8 images (n, 28, 28) or
            (n, 784), plain or gzip, which is taken as it is.
        raw: take the picture as it is too; it must then be 28 by 28 pixels, light on black.

    Returns:
        uint8 (n, 28, 28), light on black.

    Raises:
        OSError: the file is missing or cannot be opened.
        ValueError: it is no picture, is damaged, too large, shows nothing, or has the wrong size.
        ImportError: Pillow is not installed.
    """
    with open(path, "rb") as file:
        data = file.read(os.fstat(file.fileno()).st_size)  # a device has size 0, and no end
    if data.startswith((_GZIP_START, *_IDX_STARTS)):
        return _idx_images(path)
    image = _open(path, data)
    if raw:
        if image.size != (SIDE, SIDE):
            size = f"{image.size[0]} x {image.size[1]}"
            raise ValueError(f"{path}: a raw picture must have 28 x 28 pixels, got {size}")
        return np.asarray(image.convert("L"), dtype=np.uint8)[None]
    try:
        return mnist_form(_grey(image))[None]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _idx_images(path: str) -> NDArray[np.uint8]:
    from digitnet.datasets import read_idx

    array = read_idx(path)
    fits = array.shape[1:] in ((SIDE, SIDE), (SIDE * SIDE,)) and len(array) > 0
    if array.dtype != np.uint8 or not fits:
        raise ValueError(
            f"{path}: expected uint8 images of shape (n, 28, 28), got {array.dtype} {array.shape}"
        )
    return array.reshape(-1, SIDE, SIDE)


def _open(path: str, data: bytes) -> Any:
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError as error:
        message = 'pictures need Pillow: pip install pillow (part of the extra "plot")'
        raise ImportError(message) from error
    Image.init()
    formats = [name for name in _FORMATS if name in Image.OPEN]  # an old Pillow has not all
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow has to say of damage that it can pass by
            # Of a real file Pillow asks for as many bytes at once as a damaged one claims to have.
            with Image.open(io.BytesIO(data), formats=formats) as image:
                if image.width * image.height > _MAX_PIXELS:
                    raise ValueError(f"{image.width} x {image.height} pixels are too many")
                # Cameras store the picture as the sensor saw it, and how it was held beside it.
                return ImageOps.exif_transpose(image)
    except UnidentifiedImageError:
        raise ValueError(f"{path}: not a picture of a known format, and no IDX file") from None
    except MemoryError:
        raise
    except Exception as error:  # a damaged file makes Pillow raise whatever it leads to
        raise ValueError(f"{path}: not a picture that can be read ({sentence(error)})") from None


def _grey(image: Any) -> NDArray[np.float32]:
    """Shades of grey, 0 to 255, of a Pillow image; what is transparent counts as white paper."""
    from PIL import Image

    image = _smaller(image)
    if image.mode.startswith(("I", "F")):  # 16 bits and more
        return _eight_bits(np.asarray(image.convert("F"), dtype=np.float64))
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        over = image.convert("RGBA")
        for paper in ("white", "black"):  # white ink on nothing needs black paper
            flat = Image.alpha_composite(Image.new("RGBA", over.size, paper), over).convert("L")
            if flat.getextrema()[0] != flat.getextrema()[1]:
                break
        image = flat
    return np.asarray(image.convert("L"), dtype=np.float32)


def _smaller(image: Any) -> Any:
    """The picture with `_FINE` pixels on its longer side, or a few more, if it has many more."""
    factor = max(image.size) // _FINE
    if factor < 2:
        return image
    if image.mode in ("1", "P", "PA"):  # their values are no shades, and have no mean
        clear = image.mode == "PA" or "transparency" in image.info
        image = image.convert("RGBA" if clear else "RGB")
    elif image.mode.startswith("I"):
        image = image.convert("F")
    return image.reduce(factor)


def _eight_bits(deep: NDArray[np.float64]) -> NDArray[np.float32]:
    """Shades of 8, 16 or more bits as shades from 0 to 255."""
    if not np.isfinite(deep).all():
        raise ValueError("the picture holds shades that are no finite numbers")
    highest = float(deep.max())
    if highest > 255:
        deep = deep / (257 if highest <= 65535 else highest / 255)
    return deep.clip(0, 255).astype(np.float32)


def mnist_form(grey: NDArray[Any]) -> NDArray[np.uint8]:
    """Bring a grey picture of one digit, dark on light or light on dark, to MNIST's form.

    Args:
        grey: (rows, columns), any size, shades from 0 for black to 255 for white.

    Returns:
        uint8 (28, 28), light on black.

    Raises:
        ValueError: the picture has no contrast, so it shows nothing; or shades that are not finite.
    """
    from PIL import Image

    ink = _ink(np.asarray(grey, dtype=np.float32))
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.1), np.flatnonzero(ink.max(axis=0) > 0.1)
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(ink.shape)
    height, width = (max(1, round(scale * side)) for side in ink.shape)
    small = Image.fromarray((255 * ink).round().astype(np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    digit = np.asarray(small, dtype=np.float32)
    if not digit.any():
        raise ValueError("the picture shows no digit: its strokes are too thin for its size")
    digit = digit * (255 / float(digit.max()))  # thin strokes fade when made small
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    top, left = _corner(digit.sum(axis=1)), _corner(digit.sum(axis=0))
    canvas[top : top + height, left : left + width] = digit.round()
    return canvas


def _ink(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much ink each pixel holds, 0 to 1; the paper is what the picture's edge shows."""
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(edge))
    dark_on_light = paper - float(grey.min()) > float(grey.max()) - paper
    ink: NDArray[np.float32] = np.maximum(paper - grey if dark_on_light else grey - paper, 0)
    contrast = float(ink.max())
    if contrast < 16:
        raise ValueError("the picture shows no digit: all its pixels have nearly the same shade")
    # What differs little from the paper is its grain or a shadow.
    ink = (ink / contrast - 0.15) / 0.7
    return ink.clip(0, 1)


def _corner(mass: NDArray[np.float32]) -> int:
    """Where a digit must begin, along one axis, for its centre of mass to be in the middle."""
    centre = float((mass * np.arange(len(mass))).sum() / mass.sum())
    return int(np.clip(round(SIDE / 2 - centre), 0, SIDE - len(mass)))
