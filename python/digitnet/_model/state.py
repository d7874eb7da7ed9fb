"""A model as settings and named tensors, for its file, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from digitnet import _core
from digitnet._arrays import FloatArray
from digitnet._checks import integer
from digitnet._data import Shape
from digitnet._errors import shown
from digitnet._model.compile import TrainingSettings
from digitnet.optimizers import SLOTS
from digitnet.saving import Tensors

_SLOT_PREFIXES = tuple(f"{slot}." for slot in SLOTS)
_MAX_COUNT = 2**63 - 1
_MAX_STEPS = 2**62  # so that there are more to come
_COUNTERS = ("iterations", "epochs", "seed", "optimizer_iterations")


def tensors_of(names: Iterable[str], core: _core.Model, slots: Sequence[str] = ()) -> Tensors:
    """Return the weights by name and, by slot and name, what the optimizer has kept beside them."""
    names = list(names)
    tensors = dict(zip(names, core.get_weights(), strict=True))
    kept = core.get_slots() if slots else []
    for slot, values in zip(slots, kept, strict=bool(kept)):
        tensors |= zip((f"{slot}.{name}" for name in names), values, strict=True)
    return tensors


def pick_slots(
    tensors: Tensors, shapes: Mapping[str, Shape], slots: Sequence[str]
) -> list[list[FloatArray]]:
    """Return the tensors of all slots, or none where the optimizer has kept nothing yet.

    Raises
    ------
    ValueError
        As `pick`, or there are tensors of another optimizer's slots.
    """
    found = {name.split(".")[0] for name in tensors if name.startswith(_SLOT_PREFIXES)}
    if not found <= set(slots):
        others = ", ".join(sorted(found - set(slots)))
        raise ValueError(f"it must hold what its own optimizer keeps. Received: {others}, too")
    return [pick(tensors, shapes, f"{slot}.") for slot in slots] if found else []


def pick(tensors: Tensors, shapes: Mapping[str, Shape], prefix: str = "") -> list[FloatArray]:
    """Return the tensors with exactly these names (after ``prefix``) and shapes, in their order.

    Raises
    ------
    ValueError
        A tensor is missing, is one too many, or has another shape.
    """
    chosen = {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix) and (prefix or not name.startswith(_SLOT_PREFIXES))
    }
    if set(chosen) != set(shapes):
        differing = ", ".join(sorted(set(chosen) ^ set(shapes))[:3])
        raise ValueError(
            "it must hold one tensor for each weight of the model. "
            f"Missing or too many: {prefix}{differing}"
        )
    for name, shape in shapes.items():
        if chosen[name].shape != shape:
            raise ValueError(
                f"it must hold {prefix}{name} with shape {shape}, as the model has it. "
                f"Received: shape {chosen[name].shape}"
            )
    return [chosen[name] for name in shapes]


def training_state(core: _core.Model, settings: TrainingSettings | None) -> dict[str, int]:
    """Return the counters from which training goes on as if it had not been interrupted."""
    steps = 0 if settings is None else settings.optimizer.iterations
    return dict(zip(_COUNTERS, (core.iterations, core.epochs, core.seed, steps), strict=True))


def checked_training_state(state: object) -> dict[str, int]:
    """Return what `training_state` returned, read from a file.

    Raises
    ------
    TypeError, ValueError
        Another form, or a counter that is not an integer >= 0.
    """
    if not isinstance(state, dict) or set(state) != set(_COUNTERS):
        raise ValueError(
            f"training state must hold {', '.join(_COUNTERS)}. Received: {shown(state)}"
        )
    return {
        name: integer(state[name], name, 0, _MAX_COUNT if name == "seed" else _MAX_STEPS)
        for name in _COUNTERS
    }
