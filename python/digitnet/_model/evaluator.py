"""A compiled network that is tested on data, and predicts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from digitnet._arrays import FloatArray
from digitnet._checks import flag, integer, optional_integer
from digitnet._data import SamplesLike, as_samples, sample_shape_of
from digitnet._model.array_source import ArraySource
from digitnet._model.compiled import Compiled
from digitnet._model.evaluation import evaluate
from digitnet._model.progress import ProgressLine, verbosity
from digitnet._model.source import Source
from digitnet.callbacks import Callback, CallbackList, Logs


class Evaluator(Compiled):
    """What a model does with data, apart from training."""

    def evaluate(
        self,
        x: SamplesLike | Iterable[object],
        y: ArrayLike | None = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: ArrayLike | None = None,
        *,
        steps: int | None = None,
        callbacks: Iterable[Callback] | Callback | None = None,
        return_dict: bool = False,
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
        source = self._source(x, y, sample_weight, size, optional_integer(steps, "steps"))
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

    def _predict_told(
        self,
        x: object,
        batch_size: int,
        level: int,
        callbacks: Iterable[Callback] | Callback,
    ) -> FloatArray:
        """Predict as `_predict_checked`, and tell callbacks, batch by batch if they ask for it."""
        everyone = CallbackList(callbacks)
        shape = self._input_shape or sample_shape_of(x)
        self._shapes(shape)
        rows = as_samples(x, "x", shape)
        core = self._build_for(x)
        everyone.set_model(self)
        steps = -(-len(rows) // batch_size)
        everyone.set_params({"epochs": 1, "steps": steps, "samples": len(rows), "verbose": level})
        line = ProgressLine(len(rows), [], level)
        everyone.on_predict_begin({})
        if not everyone.waits_for("on_predict_batch_begin", "on_predict_batch_end"):
            output = core.predict(rows)
        else:
            output = np.empty((len(rows), core.output_size), np.float32)
            for batch in range(steps):
                part = slice(batch * batch_size, min((batch + 1) * batch_size, len(rows)))
                everyone.on_predict_batch_begin(batch, {})
                output[part] = core.predict(rows[part])
                everyone.on_predict_batch_end(batch, {"outputs": output[part].copy()})
        line.finish({})
        everyone.on_predict_end({})
        return output


def _samples(source: Source) -> int | None:
    return len(source.first().x) if isinstance(source, ArraySource) else None


def returned(logs: Logs, as_dict: bool) -> float | list[float] | dict[str, float]:
    """Return logs as Keras does: a dict, a list, or the loss alone where there are no metrics."""
    values = list(logs.values())
    if as_dict:
        return logs
    return values if len(values) > 1 else values[0]
