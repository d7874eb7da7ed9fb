"""The loop over epochs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

from digitnet import _core
from digitnet._checks import integer
from digitnet._data import Data
from digitnet._model.array_source import ArraySource
from digitnet._model.compile import TrainingSettings
from digitnet._model.evaluation import PAUSE, evaluate
from digitnet._model.optimizer_state import take_settings
from digitnet._model.progress import ProgressLine, say
from digitnet._model.source import Source
from digitnet._model.totals import Totals
from digitnet._warnings import warn
from digitnet.callbacks import CallbackList, Logs


class Plan(NamedTuple):
    """The arguments of `fit` that govern the loop."""

    first_epoch: int
    last_epoch: int
    validation_freq: int | frozenset[int]
    verbose: int

    def validates(self, epoch: int) -> bool:
        """Return whether epoch number ``epoch``, counted from 0, is followed by a test."""
        if isinstance(self.validation_freq, int):
            return (epoch + 1) % self.validation_freq == 0
        return epoch + 1 in self.validation_freq

    def require_batches(self, *sources: Source | None) -> None:
        """Raise a ValueError where one that is to be read is empty; draw nothing for no epochs."""
        for source in sources if self.first_epoch < self.last_epoch else ():
            if source is not None:
                source.require_batch()


def checked_frequency(value: object) -> int | frozenset[int]:
    """Return ``validation_freq``: a positive integer, or the numbers of epochs.

    Raises
    ------
    TypeError, ValueError
        Neither of the two.
    """
    if isinstance(value, Iterable) and not isinstance(value, str):
        return frozenset(integer(epoch, "validation_freq's epochs") for epoch in value)
    return integer(value, "validation_freq")


class _EpochStopped(Exception):
    """Leaves the core where a callback has asked for the end of the training."""


class Loop:
    """The training: where it is, and how it goes on.

    ``epoch`` is the number of the present epoch, ``step`` how many of its batches are done, and
    ``totals`` what they summed up to.
    """

    def __init__(
        self,
        core: _core.Model,
        settings: TrainingSettings,
        plan: Plan,
        source: Source,
        validation: Source | None,
        callbacks: CallbackList,
        should_stop: Callable[[], bool],
    ) -> None:
        self.core, self.settings, self.plan = core, settings, plan
        self.source, self.validation = source, validation
        self.callbacks, self._should_stop = callbacks, should_stop
        self.epoch, self.step, self.totals = plan.first_epoch, 0, Totals()
        self.by_batches = callbacks.waits_for_train_batches or not isinstance(source, ArraySource)
        self._watched = callbacks.waits_for("on_train_progress")

    def run(self) -> None:
        """Train epoch by epoch; an exception, also KeyboardInterrupt, keeps the steps done."""
        try:
            logs = self._run_epochs()
            self.callbacks.on_train_end(logs)
        except BaseException as error:
            self.callbacks.on_train_interrupted(error)
            raise

    def _run_epochs(self) -> Logs:
        logs: Logs = {}
        self._announce()
        self.callbacks.on_train_begin({})
        with ExitStack() as holds:
            for held in (self.source, self.validation):
                if isinstance(held, ArraySource) and held.steady:
                    holds.callback(self.core.hold(*held.data).release)
            holds.callback(self.source.begin_pass, self.core)  # never the same order again
            while self.epoch < self.plan.last_epoch:
                if not self.step and not self.source.ready(self.core):
                    warn(f"x ran out of batches: training ends before epoch {self.epoch + 1}")
                    break
                logs = self._run_epoch()
                if self._should_stop():
                    break
                self.epoch += 1
            self.source.end_pass()
        return logs

    def _announce(self) -> None:
        trained, tested = self.source.samples, self.validation and self.validation.samples
        header = "Train on batches" if trained is None else f"Train on {trained} samples"
        if self.validation is not None:
            header += f", validate on {'batches' if tested is None else f'{tested} samples'}"
        say(header, self.plan.verbose)

    def _run_epoch(self) -> Logs:
        optimizer = self.settings.optimizer
        begun_with = optimizer.get_config() if self.step else None  # before an interruption
        if begun_with is None:
            self.totals = Totals()
        self.callbacks.on_epoch_begin(self.epoch, {})
        if begun_with is not None:  # a schedule has been asked for this epoch already
            take_settings(optimizer, begun_with)
        say(f"Epoch {self.epoch + 1}/{self.plan.last_epoch}", self.plan.verbose)
        self.source.begin_epoch(self.epoch)
        names = self.settings.metric_names
        with ProgressLine(self._samples(), names, self.plan.verbose) as line:
            if self.by_batches or self.source.left(self.step) == 0:
                logs = self._run_batches(line)
            else:
                logs = self._run_whole(line)
            if self.validation is not None and self.plan.validates(self.epoch):
                logs |= self._validate()
        line.finish(logs, self.totals.samples)
        self.step = 0
        self.callbacks.on_epoch_end(self.epoch, logs)
        return logs

    def _samples(self) -> int | None:
        """Return how many samples the epoch has, if known."""
        if self.source.samples is None or self.source.steps is None:
            return None
        left = self.source.left(self.step) or 0
        size = self.source.batch_size or 1
        rest = self.source.samples - self.source.done * size
        return self.totals.samples + min(left * size, rest)

    def _run_whole(self, line: ProgressLine) -> Logs:
        """Train the epoch in one call of the core."""
        assert isinstance(self.source, ArraySource)
        before = self.totals
        try:
            train = partial(self._train, self._told(line))
            with self.settings.counting_steps(self.core):
                result = self.source.whole(self.core, self.step, train)
        except _EpochStopped:
            return self._logs(self.totals)
        self.totals = before.plus_result(result)
        # an epoch from its beginning: the core's own means, to the last bit
        logs = self._logs(self.totals) if before.samples else self.settings.logs(result)
        size = self.source.batch_size or 1
        self.source.finish_epoch(self.core, self.step + -(-result.samples // size))
        return logs

    def _train(
        self, progress: _core.Progress | None, data: Data, batch_size: int, shuffle: bool
    ) -> _core.Result:
        return self.core.train_epoch(
            *data,
            batch_size,
            shuffle,
            self.settings.require_loss().core_loss(),
            self.settings.core_metrics(self.core.output_size),
            self.settings.optimizer.core_optimizer(-(-len(data.x) // batch_size)),
            progress,
        )

    def _told(self, line: ProgressLine) -> _core.Progress | None:
        """Return what the core calls now and then; None where nobody listens."""
        if line.callback is None and not self._watched:
            return None
        before, show = self.totals, line.callback

        def told(done: int, loss: float, metrics: list[float]) -> None:
            self.totals = before.plus(done, [loss, *metrics])
            self._tell(show, [loss, *metrics] if not before.samples else self.totals.means())

        return told

    def _tell(self, show: _core.Progress | None, means: list[float]) -> None:
        if show is not None:
            show(self.totals.samples, means[0], means[1:])
        if self._watched:
            logs = dict(zip(["loss", *self.settings.metric_names], means, strict=True))
            self.callbacks.on_train_progress(self.totals.samples, logs)
            if self._should_stop() and not self.by_batches:
                raise _EpochStopped

    def _run_batches(self, line: ProgressLine) -> Logs:
        """Train the epoch batch by batch, with the steps and the bits of one call."""
        loss = self.settings.require_loss().core_loss()
        metrics = self.settings.core_metrics(self.core.output_size)
        hooks, show, last = self.callbacks.waits_for_train_batches, line.callback, time.monotonic()
        if self.step and self._should_stop():  # so it was when it was interrupted
            return self._logs(self.totals)
        for data in self.source.batches(self.core, self.step):
            if hooks:
                self.callbacks.on_train_batch_begin(self.step, {})
            optimizer = self.settings.optimizer.core_optimizer(1)
            with self.settings.counting_steps(self.core):
                result = self.core.train_batch(*data, loss, metrics, optimizer)
            self.totals, self.step = self.totals.plus_result(result), self.step + 1
            now = time.monotonic()
            if self._watched or now - last >= PAUSE:
                last = now
                self._tell(show, self.totals.means())
            if hooks:
                self.callbacks.on_train_batch_end(self.step - 1, self._logs(self.totals))
            if self._should_stop():
                return self._logs(self.totals)
        self.source.finish_epoch(self.core, self.step)
        return self._logs(self.totals)

    def _logs(self, totals: Totals) -> Logs:
        return dict(zip(["loss", *self.settings.metric_names], totals.means(), strict=True))

    def _validate(self) -> Logs:
        assert self.validation is not None
        tested, _ = evaluate(
            self.core,
            self.settings,
            self.validation,
            self.callbacks,
            name="validation_data",
        )
        return {f"val_{name}": value for name, value in tested.items()}
