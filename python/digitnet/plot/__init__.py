"""Pictures: the samples, how learning went, what the network gets right, what its neurons look for.

Every function returns a `matplotlib.figure.Figure` to show in a notebook or to save with
`figure.savefig("picture.png")`; no window, screen or global matplotlib state is involved.
matplotlib is an extra (`pip install "digitnet[plot]"`) and is imported only when a function here is
called; without it they raise ImportError.
"""

from .curves import decision_boundary, learning_curve, regression
from .images import first_layer_features, predictions, samples

__all__ = [
    "decision_boundary",
    "first_layer_features",
    "learning_curve",
    "predictions",
    "regression",
    "samples",
]
