"""A network that predicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet import _core
from digitnet._arrays import FloatArray
from digitnet._checks import integer, no_copy, optional_integer
from digitnet._data import SamplesLike, as_samples, sample_shape_of
from digitnet._model.batch_source import tell
from digitnet._model.compiled import Compiled, described, gives_batches
from digitnet._model.progress import ProgressLine, verbosity
from digitnet._model.source import check_end
from digitnet.callbacks import Callback, CallbackList


class Predictor(Compiled):
    """What a model says about samples."""

    def predict(
        self,
        x: SamplesLike | Iterable[object],
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Iterable[Callback] | Callback | None = None,
        *,
        copy: bool | None = None,
    ) -> FloatArray:
        """Return the model's outputs, with dropout off. May be called from several threads.

        Where the model is not built, ``x`` says the shape of its samples.

        Parameters
        ----------
        x : array, or batches
            See the class. Or what gives batches of samples, each an array or a tuple that begins
            with one, as `fit` takes them: a `keras.utils.PyDataset`, a loader, a generator. A list
            or tuple is an array.
        batch_size : int, optional
            What ``steps`` and callbacks count, 32 by default; the core cuts the samples as its
            cache likes. Batches have their own sizes.
        verbose : {"auto", 0, 1, 2}
            1 and 2 print a line when done; "auto", unlike in Keras, is silent as 0 is.
        steps : int, optional
            How many batches to look at; all by default. Where there are fewer, a warning says so.
        callbacks : Callback or list of Callback, optional
            See `digitnet.callbacks`.
        copy : None or False
            See the class; holds for batches, too.

        Returns
        -------
        float32 array of shape (n, outputs)

        Raises
        ------
        ValueError
            The model has no layers, or an argument does not fit.
        TypeError
            ``x`` does not hold real numbers, or is a sparse matrix of another format than CSR.
        """
        size = 32 if batch_size is None else integer(batch_size, "batch_size")
        level = 0 if isinstance(verbose, str) and verbose == "auto" else verbosity(verbose)
        core, input_shape, output = self._core, self._input_shape, None
        plain = steps is None and callbacks is None and copy is None and not level
        if plain and core is not None and input_shape is not None:
            output = core.predict_plain(x, input_shape)
        if output is None:
            told, limit = CallbackList(callbacks), optional_integer(steps, "steps")
            output = self._predict_all(x, size, level, limit, told, no_copy(copy))
        shape = self._output_shape
        return output if len(shape) == 1 else output.reshape(len(output), *shape)

    def predict_on_batch(self, x: SamplesLike) -> FloatArray:
        """Return the model's outputs for the samples, as `predict` does."""
        return self.predict(x, None, 0)

    def predict_classes(
        self,
        x: SamplesLike | Iterable[object],
        batch_size: int | None = None,
        verbose: int | str = "auto",
    ) -> NDArray[np.int64]:
        """Return the class of every sample, int64 (n,).

        It is the index of the largest output; for a single output, 1 where it is above 0.5, else 0.
        Arguments and errors as `predict`; also ValueError if an output is NaN (training diverged).
        """
        output = self.predict(x, batch_size, verbose)
        rows = output.reshape(len(output), -1)
        unclear = np.isnan(rows).any(axis=1)
        if unclear.any():
            raise ValueError(
                "predict_classes needs outputs that are numbers; the training has diverged. "
                f"Received: NaN for x[{int(unclear.argmax())}]"
            )
        classes = rows[:, 0] > 0.5 if rows.shape[1] == 1 else rows.argmax(axis=1)
        return np.asarray(classes, dtype=np.int64)

    def _predict_all(
        self,
        x: Any,
        size: int,
        level: int,
        limit: int | None,
        callbacks: CallbackList,
        copy: bool | None,
    ) -> FloatArray:
        """Return the outputs (n, outputs) for samples of any form, or batches of them."""
        if gives_batches(x) and not isinstance(x, Sequence):
            core, parts = self._checked_batches(x, limit, copy)
            return self._predict_parts(core, parts, limit, None, callbacks, level)
        core, rows = self._checked_rows(x, limit and limit * size, copy)
        steps, parts = -(-len(rows) // size), iter([rows])
        check_end(steps, limit or 0, "x", "steps")
        if callbacks.waits_for("on_predict_batch_begin", "on_predict_batch_end"):
            parts = (rows[i * size : min(i * size + size, len(rows))] for i in range(steps))
        return self._predict_parts(core, parts, steps, len(rows), callbacks, level)

    def _predict_parts(
        self,
        core: _core.Model,
        parts: Iterator[_core.Samples],
        steps: int | None,
        samples: int | None,
        callbacks: CallbackList,
        level: int,
    ) -> FloatArray:
        """Return the outputs (n, outputs) for all parts; the callbacks are told."""
        callbacks.set_model(self)
        params = {"epochs": 1, "steps": steps, "samples": samples, "verbose": level}
        callbacks.set_params(params)
        hooks = callbacks.waits_for("on_predict_batch_begin", "on_predict_batch_end")
        line = ProgressLine(samples, [], level)
        callbacks.on_predict_begin({})
        outputs = []
        for batch, part in enumerate(parts):
            if hooks:
                callbacks.on_predict_batch_begin(batch, {})
            outputs.append(core.predict(part))
            if hooks:
                callbacks.on_predict_batch_end(batch, {"outputs": outputs[-1].copy()})
        output = outputs[0] if len(outputs) == 1 else np.concatenate(outputs)
        line.finish({}, len(output))
        callbacks.on_predict_end({})
        return output

    def _checked_rows(
        self, x: object, limit: int | None, copy: bool | None
    ) -> tuple[_core.Model, _core.Samples]:
        """Return the core and at most ``limit`` samples, after all checks."""
        shape = self._input_shape or sample_shape_of(x)
        self._shapes(shape)  # for its errors
        rows = as_samples(x, "x", shape, copy)
        return self._build_for(x), rows if limit is None else rows[: min(limit, len(rows))]

    def _checked_batches(
        self, x: Any, limit: int | None, copy: bool | None
    ) -> tuple[_core.Model, Iterator[_core.Samples]]:
        """Return the core, and at most ``limit`` batches of samples, each checked as it comes."""
        indexed = hasattr(x, "__getitem__") and hasattr(x, "__len__")
        every = (x[i] for i in range(len(x))) if indexed else iter(x)
        batches = (_samples_of(batch, i) for i, batch in enumerate(islice(every, limit)))
        tell(x, "on_epoch_begin")
        first = list(islice(batches, 1))
        if not first:
            raise ValueError(
                f"x must give at least one batch. Received: an empty {type(x).__name__}"
            )
        shape = self._input_shape or sample_shape_of(first[0], _name(0))
        self._shapes(shape)

        def parts() -> Iterator[_core.Samples]:
            made = 0
            for made, batch in enumerate(chain(first, batches), 1):
                yield as_samples(batch, _name(made - 1), shape, copy)
            tell(x, "on_epoch_end")
            check_end(made, limit or 0, "x", "steps")

        return self._core or self._build(shape), parts()


def _name(number: int) -> str:
    return f"x of x's batch {number}"


def _samples_of(batch: object, number: int) -> object:
    """Return the samples of a batch for training or prediction."""
    if not isinstance(batch, (tuple, list)):
        return batch
    if len(batch) not in (1, 2, 3):
        raise ValueError(
            "x must give batches of samples: x, (x,), (x, y) or (x, y, sample_weight). "
            f"Received: {described(batch)} as batch {number}"
        )
    return batch[0]
