"""`MLPClassifier`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from digitnet._arrays import FloatArray
from digitnet._errors import shown
from digitnet.sklearn import _docs
from digitnet.sklearn._base import BaseMLP, Targets
from digitnet.sklearn._classes import Classes
from digitnet.sklearn._parameters import CONSTRAINTS
from digitnet.sklearn._peer import (
    ClassifierMixin,
    StrOptions,
    accuracy_score,
    check_classification_targets,
    column_or_1d,
    compute_sample_weight,
    type_of_target,
    validate_data,
)


class MLPClassifier(ClassifierMixin, BaseMLP):
    __doc__ = f"""Multilayer perceptron that classifies, for scikit-learn.

    It minimizes the cross-entropy: with a softmax over the classes, or with one logistic output for
    two classes, or one for each label of multilabel targets (n_samples, n_labels) of 0 and 1.

    Parameters
    ----------
{_docs.PARAMETERS}
    class_weight : dict, list of dict, "balanced" or None
        Weight of the samples of each class, as in `sklearn.utils.compute_sample_weight`; it
        multiplies ``sample_weight``. scikit-learn's MLPClassifier has none.

    Attributes
    ----------
    classes_ : array (n_classes,)
        The classes, sorted; for multilabel targets ``0 … n_labels - 1``.
    out_activation_ : "softmax" or "logistic"
        Of the output layer.
{_docs.ATTRIBUTES}

    Notes
    -----
{_docs.NOTES}

    A ``y`` of one class is refused.

    Examples
    --------
    >>> from digitnet.sklearn import MLPClassifier
    >>> network = MLPClassifier((8,), activation="tanh", learning_rate_init=0.1, random_state=0)
    >>> network.fit([[0, 0], [0, 1], [1, 0], [1, 1]], ["no", "yes", "yes", "no"]).predict([[0, 1]])
    array(['yes'], dtype='<U3')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CONSTRAINTS,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        dropout: float | Sequence[float] = 0.0,
        class_weight: Any = None,
        device: str = "cpu",
    ) -> None:
        super().__init__(
            hidden_layer_sizes,
            activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            dropout=dropout,
            device=device,
        )
        self.class_weight = class_weight

    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> MLPClassifier:
        """Train for one epoch, going on where the last call ended.

        Parameters
        ----------
        X, y, sample_weight : arrays
            As for `fit`.
        classes : array, optional
            All classes that will ever come; needed in the first call, but for multilabel targets.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            As `fit`; or ``classes`` is missing in the first call or differs from it later; or
            ``early_stopping`` or ``class_weight="balanced"`` is set, which need all samples.
        """
        if isinstance(self.class_weight, str) and self.class_weight == "balanced":
            raise ValueError(
                "class_weight must not be 'balanced' for partial_fit, which does not see all "
                "samples; compute_class_weight of scikit-learn gives a dict. Received: 'balanced'"
            )
        first = not self.__sklearn_is_fitted__()
        if first and classes is None and type_of_target(y) != "multilabel-indicator":
            raise ValueError("classes must be given in the first call of partial_fit")
        return self._train_one_epoch(X, y, sample_weight, classes)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of every sample, (n,); for multilabel targets, 0 or 1, (n, n_labels).

        Raises
        ------
        NotFittedError
            There is no network yet.
        ValueError, TypeError
            X does not fit.
        """
        outputs = self._outputs(X)
        decided = self._classes.decided(outputs)
        return decided if self._classes.multilabel else np.asarray(self.classes_[decided])

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities (n, n_classes), in the order of ``classes_``; raises as `predict`.

        For multilabel targets each is that of its label, and rows do not sum to 1.
        """
        outputs = self._outputs(X)
        if self._classes.multilabel:
            return outputs
        if outputs.shape[1] == 1:
            return np.hstack([1 - outputs, outputs])
        sums = outputs.sum(axis=1, keepdims=True)
        return np.asarray(outputs / sums)  # 1 to the rounding of float64, not of float32

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Return the logarithms of `predict_proba`, -inf where that is 0."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    # --- what BaseMLP asks for

    def _targets(self, x: Any, y: Any, first: bool, wanted: Any = None) -> Targets:
        x, y = validate_data(
            self, x, y, accept_sparse="csr", dtype="numeric", multi_output=True, reset=first
        )
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind == "multiclass-multioutput":
            raise ValueError(
                "y must hold one class for each sample, or 0 and 1 for each label. "
                f"Received: {kind} targets of shape {y.shape}"
            )
        if kind == "multilabel-indicator":
            y = y.toarray() if hasattr(y, "toarray") else y
        else:
            y = column_or_1d(y, warn=True)
        if first:
            self._settle(Classes.of(y, y.ndim == 2, wanted))
        elif wanted is not None and not np.array_equal(np.unique(wanted), self.classes_):
            raise ValueError(
                f"classes must be those of the first call, {shown(self.classes_)}. "
                f"Received: {shown(wanted)}"
            )
        return Targets(x, self._classes.encoded(y), y)

    def _settle(self, classes: Classes) -> None:
        self._classes, self.classes_ = classes, classes.values
        self.n_outputs_ = classes.outputs
        self.out_activation_ = "logistic" if classes.logistic else "softmax"
        self._loss = classes.loss
        # digitnet's binary cross-entropy is the mean over the labels, scikit-learn's the sum
        self._loss_scale = float(classes.outputs) if classes.multilabel else 1.0

    def _class_weight(self, y: NDArray[Any]) -> Any:
        if self.class_weight is None:
            return None
        return compute_sample_weight(self.class_weight, y)

    def _stratify(self, targets: NDArray[Any]) -> NDArray[Any] | None:
        return None if self._classes.multilabel else targets.ravel()

    def _score_outputs(self, targets: NDArray[Any], outputs: FloatArray, weight: Any) -> float:
        truth = targets if self._classes.multilabel else targets.ravel()
        return accuracy_score(truth, self._classes.decided(outputs), sample_weight=weight)

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn's tools want to know."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
