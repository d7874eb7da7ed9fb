"""Pictures: the samples, how learning went, what the network gets right, what its neurons look for.

Every function returns a `matplotlib.figure.Figure` to show in a notebook or to save with
`figure.savefig("picture.png")`; no window, screen or global matplotlib state is involved.
matplotlib comes with the extra "plot" (or by `pip install matplotlib pillow`) and is imported only
when a function here is called; without it they raise ImportError. A program that draws at its end
calls `require_matplotlib` at its beginning.
"""

from ._figure import require_matplotlib
from .answers import prediction, worst_mistakes
from .boundary import decision_boundary
from .confusion import confusion_matrix
from .curves import learning_curve, regression
from .diagram import network_diagram
from .features import first_layer_features
from .images import augmented, predictions, samples
from .variations import augmentation

__all__ = [
    "augmentation",
    "augmented",
    "confusion_matrix",
    "decision_boundary",
    "first_layer_features",
    "learning_curve",
    "network_diagram",
    "prediction",
    "predictions",
    "regression",
    "require_matplotlib",
    "samples",
    "worst_mistakes",
]
