"""A training as settings and named tensors, for its backup, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from digitnet import saving
from digitnet._arrays import FloatArray
from digitnet._checks import flag, integer
from digitnet._data import Shape
from digitnet._errors import sentence, shown
from digitnet._model.batch_source import BatchSource
from digitnet._model.compile import TrainingSettings
from digitnet._model.fit import Loop
from digitnet._model.optimizer_state import saved_settings, take_settings
from digitnet._model.packed import packed, unpacked
from digitnet._model.state import checked_training_state, pick, pick_slots
from digitnet._model.totals import Totals
from digitnet.callbacks import Callback
from digitnet.callbacks.callback import State
from digitnet.saving import PathLike, Tensors

_STATE = "callbacks."  # what the names of the callbacks' tensors begin with
_COUNTS = ("epoch", "step", "done", "samples")
_PLACE = {*_COUNTS, "sums", "data", "stopped", "callbacks"}


class Backup(NamedTuple):
    """What a backup holds: of the model, of the optimizer, of the loop and of its callbacks."""

    weights: list[FloatArray]
    slots: list[list[FloatArray]]
    state: dict[str, int]
    optimizer: dict[str, Any]
    place: dict[str, Any]
    arrays: Tensors


def place_of(loop: Loop, finished_epoch: bool, stopped: bool) -> tuple[dict[str, Any], Tensors]:
    """Return where the training is: after an epoch, or after a step of one.

    The first is JSON-ready but for the arrays of the callbacks, which are the second.

    Raises
    ------
    TypeError
        A callback's `get_state` returned what could not be read back.
    """
    totals = Totals() if finished_epoch else loop.totals
    tensors: Tensors = {}
    states = []
    for i, callback in enumerate(loop.callbacks.callbacks):
        states.append([type(callback).__name__, _state_of(callback, f"{_STATE}{i}.", tensors)])
    return {
        "epoch": loop.epoch + finished_epoch,
        "step": 0 if finished_epoch else loop.step,
        "done": loop.source.done,
        "samples": totals.samples,
        "sums": [packed(value, "sums", "", tensors) for value in totals.sums],
        "data": [loop.source.samples, loop.source.batch_size, loop.source.length],
        "stopped": stopped,
        "callbacks": states,
    }, tensors


def _state_of(callback: Callback, name: str, tensors: Tensors) -> dict[str, Any]:
    """Return a callback's state as JSON has it; its arrays go into ``tensors``."""
    who, state = f"get_state of {type(callback).__name__}", callback.get_state()
    if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
        raise TypeError(f"{who} must return a dict with strings as keys. Received: {shown(state)}")
    return {
        key: packed(value, f"what {who} returns for {key!r}", f"{name}{key}.", tensors)
        for key, value in state.items()
    }


def read(path: PathLike, shapes: Mapping[str, Shape], present: TrainingSettings) -> Backup:
    """Read a backup for a model with these weights and settings of `compile`.

    Raises
    ------
    FileNotFoundError, OSError
        The file is not there or cannot be read.
    ValueError
        It is damaged, or of another training.
    """
    settings, tensors = saving.read(path)
    arrays = {name: tensor for name, tensor in tensors.items() if name.startswith(_STATE)}
    own = {name: tensor for name, tensor in tensors.items() if name not in arrays}
    with _naming(path):
        if set(settings) != {"model", "compile", "training", "fit"}:
            raise ValueError("it holds a model, but no place in a training")
        compiled, expected = settings["compile"], present.get_config()
        if not isinstance(compiled, dict) or set(compiled) != set(expected):
            raise ValueError(
                f"compile must hold {', '.join(expected)}. Received: {shown(compiled)}"
            )
        for key, verb in (("loss", "is"), ("metrics", "are")):
            if compiled[key] != expected[key]:
                raise ValueError(f"its {key} {verb} not what compile was given")
        optimizer, place = saved_settings(compiled["optimizer"], present.optimizer), settings["fit"]
        _check_place(place)
        return Backup(
            pick(own, shapes),
            pick_slots(own, shapes, present.optimizer.slots),
            checked_training_state(settings["training"]),
            optimizer,
            place,
            arrays,
        )


def _check_place(place: object) -> None:
    """Refuse what has not the form of what `place_of` returned; its numbers are looked at later."""
    if not isinstance(place, dict) or set(place) != _PLACE:
        raise ValueError("it holds no place in a training")
    for name in ("sums", "callbacks"):
        if not isinstance(place[name], list):
            raise TypeError(f"{name} must be a list. Received: {shown(place[name])}")
    for entry in place["callbacks"]:
        pair = isinstance(entry, list) and len(entry) == 2
        if not (pair and isinstance(entry[0], str) and isinstance(entry[1], dict)):
            raise TypeError(f"callbacks must hold names with states. Received: {shown(entry)}")


def go_to(loop: Loop, backup: Backup, path: PathLike) -> bool:
    """Put loop, callbacks, optimizer and slots where they were; return whether it was to stop.

    The rest of the backup, weights and counters, is left to the model: it cannot be refused.

    Raises
    ------
    ValueError
        The backup is damaged, of a place within an epoch of other data, or of more epochs.
    """
    place, source = backup.place, loop.source
    with _naming(path):
        epoch, step, done, samples = (integer(place[name], name, 0) for name in _COUNTS)
        data = [source.samples, source.batch_size, source.length]
        if done and place["data"] != data:
            raise ValueError(
                "[samples, batch_size, batches] must be as they were, "
                f"{place['data']}. Received: {data}"
            )
        for name, most in (("step", source.steps), ("done", source.length)):
            if most is not None and place[name] > most:
                raise ValueError(f"{name} must be at most {most}. Received: {place[name]}")
        sums = tuple(_number(unpacked(value, "", {})) for value in place["sums"])
        if bool(step) != bool(samples):
            raise ValueError(f"{step} steps of an epoch cannot have had {samples} samples")
        if step and len(sums) != 1 + len(loop.settings.metric_names):
            raise ValueError("it must hold a sum for the loss and for each metric")
        stopped = flag(place["stopped"], "stopped")
        if done and done == source.length and not step and not stopped:
            raise ValueError(f"an epoch cannot begin after all {done} batches of a pass")
        states = [
            (
                callback,
                {
                    key: unpacked(value, f"{_STATE}{i}.{key}.", backup.arrays)
                    for key, value in values.items()
                },
            )
            for callback, i, values in _matching(loop.callbacks.callbacks, place["callbacks"])
        ]
    _check_epochs(loop.plan.last_epoch, epoch + bool(step), path)
    with _naming(path):
        _take(loop, states, backup)
    loop.epoch, loop.step, loop.totals = epoch, step, Totals(samples, sums if step else ())
    if stopped and not step:
        loop.epoch = loop.plan.last_epoch
    source.done = done
    if isinstance(source, BatchSource):
        source.skip()
    return stopped


def _check_epochs(epochs: int, begun: int, path: PathLike) -> None:
    """Refuse to end before the place of a backup, which would be deleted as one that is done."""
    if begun > epochs:
        raise ValueError(
            f"epochs must be at least {begun}, so many are begun in {path}. Received: {epochs}"
        )


def _take(loop: Loop, states: list[tuple[Callback, State]], backup: Backup) -> None:
    """Give slots, callbacks and optimizer their states: all of them or, on an error, none."""
    optimizer, slots_before = loop.settings.optimizer, loop.core.get_slots()
    before = [(callback, callback.get_state()) for callback, _ in states]
    settings_before = optimizer.get_config()
    try:
        loop.core.set_slots(backup.slots)
        for callback, state in states:
            callback.set_state(state)
        take_settings(optimizer, backup.optimizer)
    except BaseException:
        loop.core.set_slots(slots_before)
        for callback, state in before:
            callback.set_state(state)
        take_settings(optimizer, settings_before)
        raise


@contextmanager
def _naming(path: PathLike) -> Iterator[None]:
    """Name the file in what is raised about its content."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ValueError(f"{path} is no backup of this training: {sentence(error)}") from None


def _matching(
    callbacks: Iterable[Callback], states: list[Any]
) -> list[tuple[Callback, int, dict[str, Any]]]:
    """Return each callback that has a state among those of its class, in their order."""
    left = list(enumerate(states))
    result = []
    for callback in callbacks:
        for entry in left:
            i, (name, values) = entry
            if name == type(callback).__name__:
                left.remove(entry)
                if values:
                    result.append((callback, i, values))
                break
    return result


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"sums must be numbers. Received: {shown(value)}")
    return float(value)
