"""`MLPRegressor`."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from digitnet._arrays import FloatArray
from digitnet._data import as_rows
from digitnet.sklearn import _docs
from digitnet.sklearn._base import BaseMLP, Targets
from digitnet.sklearn._peer import RegressorMixin, column_or_1d, r2_score, validate_data


class MLPRegressor(RegressorMixin, BaseMLP):
    __doc__ = f"""Multilayer perceptron that predicts numbers, for scikit-learn.

    It minimizes half the squared error, summed over the outputs where there are several.

    Parameters
    ----------
{_docs.PARAMETERS}

    Attributes
    ----------
    out_activation_ : "identity"
        Of the output layer.
{_docs.ATTRIBUTES}

    Notes
    -----
{_docs.NOTES}

    With several outputs, scikit-learn steps along the gradient of the sum over them but reports
    their mean as its ``loss_``; here ``loss_`` is what is minimized. scikit-learn's parameter
    ``loss`` (with "poisson") is missing.

    Examples
    --------
    >>> from digitnet.sklearn import MLPRegressor
    >>> network = MLPRegressor((20,), learning_rate_init=0.1, random_state=0)
    >>> network.fit([[0.0], [0.5], [1.0]], [0.0, 0.5, 1.0]).predict([[0.25]]).round(1)
    array([0.2])
    """

    _loss, _loss_scale = "mean_squared_error", 0.5
    out_activation_ = "identity"

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train for one epoch, going on where the last call ended.

        Arguments, result and errors as `fit`; also ValueError where ``early_stopping`` is set.
        """
        return self._train_one_epoch(X, y, sample_weight)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the predicted values, (n,), or (n, n_outputs) where y had two axes.

        Raises
        ------
        NotFittedError
            There is no network yet.
        ValueError, TypeError
            X does not fit.
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    # --- what BaseMLP asks for

    def _targets(self, x: Any, y: Any, first: bool, wanted: Any = None) -> Targets:
        x, y = validate_data(
            self,
            x,
            y,
            accept_sparse="csr",
            dtype="numeric",
            multi_output=True,
            y_numeric=True,
            reset=first,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        rows = y.reshape(len(y), -1)
        if first:
            self.n_outputs_ = rows.shape[1]
            self._loss_scale = self.n_outputs_ / 2  # digitnet: the mean over the outputs
        elif rows.shape[1] != self.n_outputs_:
            raise ValueError(
                f"y must hold {self.n_outputs_} values for each sample, as in the first call. "
                f"Received: shape {y.shape}"
            )
        return Targets(x, as_rows(y, "y", self.n_outputs_), y)

    def _score_outputs(self, targets: NDArray[Any], outputs: FloatArray, weight: Any) -> float:
        return r2_score(targets, outputs, sample_weight=weight)

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn's tools want to know."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
