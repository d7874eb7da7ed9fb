"""A network that is trained step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from numpy.typing import ArrayLike

from digitnet._arrays import FloatArray
from digitnet._checks import flag
from digitnet._data import SamplesLike
from digitnet._model.evaluator import Evaluator, returned
from digitnet._weights import as_weights


class Stepper(Evaluator):
    """Single steps and their gradients."""

    def train_on_batch(
        self,
        x: SamplesLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Make one step with all the samples; return their loss and metrics before it.

        ``class_weight`` is that of `fit`. Returns as `evaluate`, for this batch alone (Keras 3
        returns the means over all batches since its metrics were reset). Raises as `fit`.
        """
        settings = self._require_compiled()
        as_dict = flag(return_dict, "return_dict")
        data = self._data(x, y, sample_weight)
        if class_weight is not None:
            data = self._class_weight(class_weight, x).times(data)
        core = self._build_for(x)
        with settings.counting_steps(core):
            result = core.train_batch(
                *data,
                settings.require_loss().core_loss(),
                settings.core_metrics(core.output_size),
                settings.optimizer.core_optimizer(1),
            )
        return returned(settings.logs(result), as_dict)

    def gradients(
        self,
        x: SamplesLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        training: bool = False,
    ) -> list[FloatArray]:
        """Return the gradients of the mean loss, regularizers included; nothing is changed.

        Parameters
        ----------
        x, y, sample_weight : arrays
            See the class.
        training : bool
            Apply dropout, as the next step of `fit` would.

        Returns
        -------
        list of float32 arrays
            Order and shapes as `get_weights`.

        Raises
        ------
        ValueError, TypeError
            Not compiled, or an argument that does not fit.
        """
        settings = self._require_compiled()
        dropout = flag(training, "training")
        data = self._data(x, y, sample_weight)
        core = self._build_for(x)
        return core.gradients(*data, settings.require_loss().core_loss(), dropout)

    def apply_gradients(self, grads: Sequence[ArrayLike]) -> None:
        """Make one step of the optimizer with the given gradients.

        Parameters
        ----------
        grads : list of arrays
            Order and shapes as `get_weights`; finite.

        Raises
        ------
        ValueError
            Not compiled, not built, or number, shapes or values do not fit; nothing is changed
            then.
        TypeError
            ``grads`` is not a list of arrays of real numbers.
        """
        settings = self._require_compiled(loss=False)
        core = self._require_core("apply_gradients")
        values = as_weights(grads, list(self._weight_shapes().values()), "grads")
        with settings.counting_steps(core):
            core.apply_gradients(values, settings.optimizer.core_optimizer(1))
