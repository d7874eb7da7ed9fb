"""A network with loss and metrics: compiled, and tested on data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from digitnet import _core
from digitnet._arrays import FloatArray
from digitnet._checks import flag, integer
from digitnet._data import Data, SamplesLike, as_data, as_samples, sample_shape_of
from digitnet._model import fit as fitting
from digitnet._model.compile import TrainingSettings
from digitnet._model.machine import CPU
from digitnet._model.network import Network
from digitnet._model.progress import ProgressLine, verbosity
from digitnet.callbacks import Logs
from digitnet.optimizers import Optimizer


class Evaluator(Network):
    """What a model does with data and targets, apart from training."""

    _settings: TrainingSettings | None = None  # until compile

    def compile(
        self,
        optimizer: object = "sgd",
        loss: object = None,
        *,
        metrics: Sequence[object] | None = None,
    ) -> None:
        """Settle how to train; another optimizer object starts afresh.

        Parameters
        ----------
        optimizer : str or Optimizer
            See `digitnet.optimizers`. For one that a GPU lacks, a model on device "auto" moves to
            the CPU.
        loss : str or Loss
            See `digitnet.losses`; needed for everything but `predict`.
        metrics : list of str or Metric, optional
            See `digitnet.metrics`; "accuracy" (or "acc") is the one that fits the targets.

        Raises
        ------
        ValueError
            An unknown name, or a metric that reads other targets than the loss.
        TypeError
            An argument of another type, or an object of a class of the user's own.
        RuntimeError
            The model is fitting.
        """
        self._require_rest("compile")
        settings = TrainingSettings(optimizer, loss, metrics)
        if self.device == "cuda" and self._machine.device == "auto" and settings.missing_on_cuda():
            self._move(CPU)
        if self._core is not None and self.optimizer is not settings.optimizer:
            self._core.set_slots([])
        self._settings = settings

    def _missing_on_cuda(self) -> str:
        return "" if self._settings is None else self._settings.missing_on_cuda()

    @property
    def optimizer(self) -> Optimizer | None:
        """The optimizer; its settings may be changed between epochs and fits."""
        return None if self._settings is None else self._settings.optimizer

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns, in its order: "loss" and the metrics."""
        return ["loss", *([] if self._settings is None else self._settings.metric_names)]

    def evaluate(
        self,
        x: SamplesLike,
        y: ArrayLike,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: ArrayLike | None = None,
        *,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Return the mean loss and metrics over the samples, with dropout off.

        Parameters
        ----------
        x, y, sample_weight : arrays
            See the class.
        batch_size : int, optional
            Accepted for Keras' sake: the core cuts the samples as its cache likes.
        verbose : {"auto", 0, 1, 2}
            As in `fit`.
        return_dict : bool
            Return a dict by name.

        Returns
        -------
        list of float, or float
            ``[loss, *metrics]`` in the order of ``metrics_names``; the loss alone without metrics.

        Raises
        ------
        ValueError, TypeError
            Not compiled, or an argument that does not fit.
        """
        settings = self._require_compiled()
        if batch_size is not None:
            integer(batch_size, "batch_size")
        level, as_dict = verbosity(verbose), flag(return_dict, "return_dict")
        data = self._data(x, y, sample_weight)
        core = self._build_for(x)
        with ProgressLine(len(data.x), settings.metric_names, level) as line:
            logs = settings.logs(fitting.evaluate(core, settings, data, line.callback))
        line.finish(logs)
        return returned(logs, as_dict)

    def test_on_batch(
        self,
        x: SamplesLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Return loss and metrics for the samples, as `evaluate` does, without a progress line."""
        return self.evaluate(x, y, None, 0, sample_weight, return_dict=return_dict)

    def _predict_checked(self, x: object, level: int) -> FloatArray:
        """Return the outputs (n, outputs) for samples of any form, after all checks."""
        shape = self._input_shape or sample_shape_of(x)
        self._shapes(shape)  # for its errors
        rows = as_samples(x, "x", shape)
        core = self._build_for(x)
        line = ProgressLine(len(rows), [], level)
        output = core.predict(rows)
        line.finish({})
        return output

    # --- checks

    def _require_compiled(self, loss: bool = True) -> TrainingSettings:
        if self._settings is None:
            raise ValueError(f"compile must be called before model {self.name!r} is used this way")
        if loss:
            self._settings.require_loss()
        return self._settings

    def _data(
        self, x: object, y: object, sample_weight: object, like: object = None, **names: Any
    ) -> Data:
        """Check data; where the model is not built, ``like`` (or x) says the shape of a sample."""
        shape = self._input_shape or sample_shape_of(x if like is None else like)
        output = self._shapes(shape)[-1]
        if len(output) != 1:
            raise ValueError(
                f"the last layer of {self.name!r} must give flat samples (outputs,) to be trained "
                f"or tested. Received: shape {output}"
            )
        labels = self._require_compiled().require_loss().takes_labels
        return as_data(x, y, sample_weight, shape=shape, outputs=output[0], labels=labels, **names)

    def _validation(self, validation_data: object, x: object) -> Data:
        if not isinstance(validation_data, (tuple, list)):
            raise TypeError(
                "validation_data must be a tuple (x, y) or (x, y, sample_weight). "
                f"Received: {type(validation_data).__name__}"
            )
        if len(validation_data) not in (2, 3):
            raise ValueError(
                "validation_data must be a tuple (x, y) or (x, y, sample_weight). "
                f"Received: {len(validation_data)} items"
            )
        x_test, y_test, *weights = validation_data
        names = ("validation_data[0]", "validation_data[1]", "validation_data[2]")
        return self._data(x_test, y_test, weights[0] if weights else None, x, names=names)

    def _build_for(self, x: object) -> _core.Model:
        return self._core or self._build(sample_shape_of(x))


def returned(logs: Logs, as_dict: bool) -> float | list[float] | dict[str, float]:
    """Return logs as Keras does: a dict, a list, or the loss alone where there are no metrics."""
    values = list(logs.values())
    if as_dict:
        return logs
    return values if len(values) > 1 else values[0]
