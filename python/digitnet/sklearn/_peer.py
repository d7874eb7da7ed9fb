"""All that digitnet takes from scikit-learn and its companions, in one place.

Type checkers read the first half: scikit-learn carries no types, and need not be installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    class BaseEstimator:
        """The part of scikit-learn's class that is used here."""

        def _validate_params(self) -> None: ...
        def __sklearn_tags__(self) -> Any: ...

    class ClassifierMixin:
        """As above."""

    class RegressorMixin:
        """As above."""

    class ConvergenceWarning(UserWarning):
        """As above."""

    Interval: Callable[..., Any]
    Options: Callable[..., Any]
    StrOptions: Callable[..., Any]
    ThreadpoolController: Callable[..., Any]
    accuracy_score: Callable[..., float]
    check_classification_targets: Callable[[Any], None]
    check_is_fitted: Callable[[Any], None]
    check_random_state: Callable[[Any], Any]
    column_or_1d: Callable[..., Any]
    compute_sample_weight: Callable[..., Any]
    get_active_backend: Callable[[], tuple[Any, int]]
    r2_score: Callable[..., float]
    train_test_split: Callable[..., list[Any]]
    type_of_target: Callable[..., str]
    validate_data: Callable[..., Any]
else:
    try:
        from joblib.parallel import get_active_backend
        from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.metrics import accuracy_score, r2_score
        from sklearn.model_selection import train_test_split
        from sklearn.utils import check_random_state, column_or_1d, compute_sample_weight
        from sklearn.utils._param_validation import Interval, Options, StrOptions
        from sklearn.utils.multiclass import check_classification_targets, type_of_target
        from sklearn.utils.validation import check_is_fitted, validate_data
        from threadpoolctl import ThreadpoolController
    except ImportError as error:
        raise ImportError(
            "digitnet.sklearn needs scikit-learn 1.6 or later: pip install 'scikit-learn>=1.6' "
            f'(the extra "sklearn"). Received: {error}'
        ) from error

__all__ = [
    "BaseEstimator",
    "ClassifierMixin",
    "ConvergenceWarning",
    "Interval",
    "Options",
    "RegressorMixin",
    "StrOptions",
    "ThreadpoolController",
    "accuracy_score",
    "check_classification_targets",
    "check_is_fitted",
    "check_random_state",
    "column_or_1d",
    "compute_sample_weight",
    "get_active_backend",
    "r2_score",
    "train_test_split",
    "type_of_target",
    "validate_data",
]
