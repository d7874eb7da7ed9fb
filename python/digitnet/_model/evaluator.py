"""A compiled network that is tested on data."""

from __future__ import annotations

from collections.abc import Iterable

from numpy.typing import ArrayLike

from digitnet._checks import flag, integer, no_copy, optional_integer
from digitnet._data import SamplesLike
from digitnet._model.array_source import ArraySource
from digitnet._model.evaluation import evaluate
from digitnet._model.predictor import Predictor
from digitnet._model.progress import ProgressLine, verbosity
from digitnet._model.source import Source
from digitnet.callbacks import Callback, CallbackList, Logs


class Evaluator(Predictor):
    """What a model does with data, apart from training."""

    def evaluate(
        self,
        x: SamplesLike | Iterable[object],
        y: ArrayLike | None = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: ArrayLike | None = None,
        steps: int | None = None,
        callbacks: Iterable[Callback] | Callback | None = None,
        return_dict: bool = False,
        *,
        copy: bool | None = None,
    ) -> float | list[float] | dict[str, float]:
        """Return the mean loss and metrics over the samples, with dropout off.

        Parameters
        ----------
        x, y, sample_weight : arrays
            See the class; or ``x`` alone, batches as in `fit`.
        batch_size : int, optional
            What ``steps`` and the callbacks' batches count, 32 by default; the core itself cuts the
            samples as its cache likes.
        verbose : {"auto", 0, 1, 2}
            As in `fit`.
        steps : int, optional
            How many batches to look at; all by default.
        callbacks : Callback or list of Callback, optional
            See `digitnet.callbacks`.
        return_dict : bool
            Return a dict by name.
        copy : None or False
            See the class; holds for batches, too.

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
        size = 32 if batch_size is None else integer(batch_size, "batch_size")
        level, as_dict = verbosity(verbose), flag(return_dict, "return_dict")
        everyone = CallbackList(callbacks)
        limit = optional_integer(steps, "steps")
        source = self._source(x, y, sample_weight, size, limit, copy=no_copy(copy))
        source.require_batch()
        core = self._build_from(source, x)
        self._introduce(everyone, 1, source, level)
        with ProgressLine(_samples(source), settings.metric_names, level) as line:
            logs, samples = evaluate(core, settings, source, everyone, progress=line.callback)
        line.finish(logs, samples)
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


def _samples(source: Source) -> int | None:
    return len(source.first().x) if isinstance(source, ArraySource) else None


def returned(logs: Logs, as_dict: bool) -> float | list[float] | dict[str, float]:
    """Return logs as Keras does: a dict, a list, or the loss alone where there are no metrics."""
    values = list(logs.values())
    if as_dict:
        return logs
    return values if len(values) > 1 else values[0]
