"""A network with optimizer, loss and metrics, and the checks of its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from digitnet import _core
from digitnet._data import Data, as_data, sample_shape_of
from digitnet._foreign import exports_array
from digitnet._model.array_source import ArraySource
from digitnet._model.batch_source import BatchSource
from digitnet._model.class_weight import ClassWeight
from digitnet._model.compile import TrainingSettings
from digitnet._model.machine import CPU
from digitnet._model.network import Network
from digitnet._model.source import Source
from digitnet.callbacks import CallbackList
from digitnet.optimizers import Optimizer


class Compiled(Network):
    """What `compile` settles, and how it reads data."""

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
        if self.optimizer is not None and self._core is not None:
            self.optimizer.rest(self._core)
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

    def _metric_direction(self, name: str) -> str | None:
        """Return which is better of a loss or metric, "min" or "max"; None for other names."""
        settings = self._settings
        if name == "loss" or settings is None:
            return "min" if name == "loss" else None
        known = dict(zip(settings.metric_names, settings.metrics, strict=True))
        return known[name].direction if name in known else None

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

    def _batch(self, batch: object, number: int, name: str, copy: bool | None) -> Data:
        """Check a batch that the caller made."""
        if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
            raise ValueError(
                f"{name} must give batches (x, y) or (x, y, sample_weight) where y is not given. "
                f"Received: {described(batch)} as batch {number}"
            )
        x, y, *weights = batch
        names = tuple(f"{part} of {name}'s batch {number}" for part in ("x", "y", "sample_weight"))
        return self._data(x, y, weights[0] if weights else None, names=names, copy=copy)

    def _source(
        self,
        x: object,
        y: object,
        sample_weight: object,
        batch_size: int,
        steps: int | None,
        shuffle: bool = False,
        copy: bool | None = None,
    ) -> Source:
        """Return where batches come from: arrays where ``y`` is given, else ``x`` itself."""
        if y is not None or not gives_batches(x):
            data = self._data(x, y, sample_weight, copy=copy)
            return ArraySource(data, batch_size, shuffle, steps)
        if sample_weight is not None:
            raise ValueError("sample_weight must come with y, or in the batches of x")
        return self._batches(x, "x", steps, copy, shuffle)

    def _batches(
        self, x: Any, name: str, steps: int | None, copy: bool | None, shuffle: bool = False
    ) -> BatchSource:
        check = partial(self._batch, name=name, copy=copy)
        return BatchSource(x, check, steps, shuffle, name)

    def _validation(
        self,
        validation_data: object,
        x: object,
        batch_size: int,
        steps: int | None,
        copy: bool | None,
    ) -> Source:
        """Return what is tested after an epoch; ``x`` says the shape of an unbuilt model."""
        if not isinstance(validation_data, (tuple, list)):
            if gives_batches(validation_data):
                return self._batches(validation_data, "validation_data", steps, copy)
            raise TypeError(
                "validation_data must be a tuple (x, y) or (x, y, sample_weight), or give such "
                f"batches. Received: {type(validation_data).__name__}"
            )
        if len(validation_data) not in (2, 3):
            raise ValueError(
                "validation_data must be a tuple (x, y) or (x, y, sample_weight). "
                f"Received: {len(validation_data)} items"
            )
        x_test, y_test, *weights = validation_data
        names = ("validation_data[0]", "validation_data[1]", "validation_data[2]")
        weight = weights[0] if weights else None
        data = self._data(x_test, y_test, weight, x, names=names, copy=copy)
        return ArraySource(data, batch_size, False, steps)

    def _class_weight(self, weights: object, x: object) -> ClassWeight:
        """Check ``class_weight``; of an unbuilt model, ``x`` says the shape of a sample."""
        return ClassWeight(weights, self._shapes(self._input_shape or sample_shape_of(x))[-1][-1])

    def _introduce(
        self, callbacks: CallbackList, epochs: int, source: Source, verbose: int
    ) -> None:
        """Tell the callbacks about the model and the work."""
        callbacks.set_model(self)
        callbacks.set_params(
            {
                "epochs": epochs,
                "steps": source.steps,
                "samples": source.samples,
                "verbose": verbose,
            }
        )

    def _build_for(self, x: object) -> _core.Model:
        return self._core or self._build(sample_shape_of(x))

    def _build_from(self, source: Source, x: object) -> _core.Model:
        """Return the core; where there is none, build it for the samples."""
        if self._core is None and isinstance(source, BatchSource):
            source.check(source.peek(), 0)
        return self._core or self._build(sample_shape_of(samples_in(source, x)))


def gives_batches(x: object) -> bool:
    """Return whether ``x`` can be asked for batches: neither an array, a matrix nor a mapping."""
    if exports_array(x) or hasattr(x, "tocsr") or isinstance(x, (str, bytes, Mapping)):
        return False
    return hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


def samples_in(source: Source, x: object) -> object:
    """Return an array that says the shape of a sample: ``x``, or that of its first batch."""
    if not isinstance(source, BatchSource):
        return x
    first = source.peek()
    return first[0] if isinstance(first, (tuple, list)) and first else first


def described(batch: object) -> str:
    """Return what a batch is, in words."""
    kind = type(batch).__name__
    return f"a {kind} of {len(batch)}" if isinstance(batch, (tuple, list)) else f"a {kind}"
