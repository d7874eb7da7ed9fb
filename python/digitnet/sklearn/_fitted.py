"""What a trained estimator holds and answers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet._arrays import FloatArray
from digitnet.models import Sequential
from digitnet.sklearn._course import Course
from digitnet.sklearn._network import Architecture
from digitnet.sklearn._parameters import Parameters
from digitnet.sklearn._peer import check_is_fitted, validate_data
from digitnet.sklearn._samples import core_samples
from digitnet.sklearn._threads import limited_threads


class Fitted(Parameters):
    """The attributes of a trained estimator, and its network's outputs."""

    n_outputs_: int
    out_activation_: str
    _plan: Architecture
    _split_seed: int  # of the validation set
    _course: Course

    def _publish(self, model: Sequential, course: Course) -> None:
        """Set the public attributes; those of the weights are properties."""
        self.model_ = model
        self.n_iter_, self.t_ = course.epochs, course.samples_seen
        self.loss_curve_, self.loss_ = course.losses, course.losses[-1]
        self.best_loss_ = None if self.early_stopping else course.best_loss
        self.validation_scores_ = course.scores or None
        self.best_validation_score_ = course.best_score if course.scores else None
        self.n_layers_ = len(self._plan.sizes)

    def _outputs(self, x: Any) -> NDArray[Any]:
        """Return the network's outputs (n, outputs), float64, or float32 where X is float32."""
        check_is_fitted(self)
        checked = validate_data(self, x, accept_sparse="csr", dtype="numeric", reset=False)
        with limited_threads():
            outputs = self.model_.predict(core_samples(checked))
        return outputs if checked.dtype == np.float32 else outputs.astype(np.float64)

    @property
    def coefs_(self) -> list[FloatArray]:
        """Copies of the kernels, float32 (in, units), one for each layer but the input."""
        check_is_fitted(self)
        return self.model_.get_weights()[0::2]

    @property
    def intercepts_(self) -> list[FloatArray]:
        """Copies of the biases, float32 (units,), one for each layer but the input."""
        check_is_fitted(self)
        return self.model_.get_weights()[1::2]

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there is a network."""
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn's tools want to know."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
