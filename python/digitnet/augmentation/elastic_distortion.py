"""Elastic distortion of images."""

from __future__ import annotations

from typing import Any

from digitnet._checks import real
from digitnet._identifiers import Configurable


class ElasticDistortion(Configurable):
    """Displaces every pixel a little, and neighbours alike, as a hand that trembles.

    Each pixel draws a displacement in x and one in y, uniform in (-alpha, alpha); both fields are
    then smoothed by a Gaussian (Simard, Steinkraus, Platt, "Best practices for convolutional neural
    networks applied to visual document analysis", ICDAR 2003, whose best values for MNIST are
    ``alpha=34``, ``sigma=4``). What is left has mean 0 and a standard deviation of about
    ``0.16 * alpha / sigma`` pixels, where sigma is at least 1 and small beside the image. The
    fields close on themselves, left to right and top to bottom: the edges of the image are
    displaced like its middle.

    Parameters
    ----------
    alpha : float
        Greatest displacement before the smoothing, in pixels; >= 0.
    sigma : float
        Standard deviation of the Gaussian, in pixels; > 0. It is cut at three of them.

    Raises
    ------
    TypeError, ValueError
        An argument is not a finite number, or out of its range.
    """

    def __init__(self, alpha: float = 34.0, sigma: float = 4.0) -> None:
        self.alpha = real(alpha, "alpha", minimum=0)
        self.sigma = real(sigma, "sigma", above=0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"alpha": self.alpha, "sigma": self.sigma}
