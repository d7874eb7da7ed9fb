"""Loss and metrics over data, in one call of the core or batch by batch."""

from __future__ import annotations

import time

from digitnet import _core
from digitnet._model.array_source import ArraySource
from digitnet._model.compile import TrainingSettings
from digitnet._model.source import Source
from digitnet._model.totals import Totals
from digitnet.callbacks import CallbackList, Logs

PAUSE = 0.05  # seconds between two looks at the progress, as the core keeps


def evaluate(
    core: _core.Model,
    settings: TrainingSettings,
    source: Source,
    callbacks: CallbackList,
    *,
    progress: _core.Progress | None = None,
    name: str = "x",
) -> tuple[Logs, int]:
    """Return the mean loss and metrics over the data, with dropout off, and how many samples.

    The callbacks are told.

    Raises
    ------
    ValueError
        A batch does not fit, or there is none left.

    Warns
    -----
    UserWarning
        There are fewer batches than were asked for.
    """
    source.restart()
    callbacks.on_test_begin({})
    hooks = callbacks.waits_for("on_test_batch_begin", "on_test_batch_end")
    if isinstance(source, ArraySource) and not hooks:
        loss = settings.require_loss().core_loss()
        metrics = settings.core_metrics(core.output_size)
        result = core.evaluate(*source.first(), loss, metrics, progress)
        logs, samples = settings.logs(result), result.samples
        made = -(-samples // source.batch_size)
    else:
        logs, samples = _by_batches(core, settings, source, callbacks, progress)
        if not logs:
            raise ValueError(
                f"{name} must give at least one batch. Received: an iterator at its end"
            )
        made = source.done
        source.end_pass()
    source.end(made, name, "steps" if name == "x" else "validation_steps")
    callbacks.on_test_end(logs)
    return logs, samples


def _by_batches(
    core: _core.Model,
    settings: TrainingSettings,
    source: Source,
    callbacks: CallbackList,
    progress: _core.Progress | None,
) -> tuple[Logs, int]:
    loss = settings.require_loss().core_loss()
    metrics = settings.core_metrics(core.output_size)
    names = ["loss", *settings.metric_names]
    totals, logs, shown = Totals(), Logs(), time.monotonic()
    for batch, data in enumerate(source.batches(core)):
        callbacks.on_test_batch_begin(batch, {})
        totals = totals.plus_result(core.evaluate(*data, loss, metrics, None))
        means = totals.means()
        logs = dict(zip(names, means, strict=True))
        if progress is not None and time.monotonic() - shown >= PAUSE:
            shown = time.monotonic()
            progress(totals.samples, means[0], means[1:])
        callbacks.on_test_batch_end(batch, dict(logs))
    return logs, totals.samples
