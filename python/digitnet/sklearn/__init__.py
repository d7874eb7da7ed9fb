"""Estimators for scikit-learn: `MLPClassifier` and `MLPRegressor`, trained by digitnet's core.

They stand where scikit-learn's own of the same names stand, in pipelines, grid searches and cross
validation, with the same names for parameters and attributes. scikit-learn comes with the extra
"sklearn" (or by `pip install scikit-learn`); without it, importing this module raises ImportError.
"""

from ._classifier import MLPClassifier
from ._regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
