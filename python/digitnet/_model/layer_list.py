"""What follows from a list of layers alone: shapes, names and weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

from digitnet._checks import physical_memory
from digitnet._errors import shown
from digitnet.layers.layer import Layer, Shape


def walk(layers: Sequence[Layer], input_shape: Shape) -> list[Shape]:
    """Return the shape before every layer and, last, that of the output."""
    shapes = [input_shape]
    for layer in layers:
        if layer.given_input_shape not in (None, shapes[-1]):
            raise ValueError(
                f"input_shape of {layer.name!r} must be {shapes[-1]}, what the layer before it "
                f"gives. Received: {layer.given_input_shape}"
            )
        shapes.append(layer.output_shape_for(shapes[-1]))
    return shapes


def checked_list(layers: object) -> list[object]:
    """Return the items of what must be a list of layers.

    Raises
    ------
    TypeError
        It is no list or other iterable.
    """
    if not isinstance(layers, Iterable):
        raise TypeError(
            "layers must be a list of digitnet.layers objects. "
            f"Received: {shown(layers)} ({type(layers).__name__})"
        )
    return list(layers)


def check_memory(layers: Sequence[Layer], shapes: Sequence[Shape]) -> None:
    """Refuse layers whose weights alone, 4 bytes each, would not fit into the machine's memory.

    Raises
    ------
    ValueError
        They do not fit; the sentence names the layer at which memory ends.
    """
    total, memory = 0, physical_memory()
    for layer, received in zip(layers, shapes, strict=False):
        total += 4 * sum(prod(shape) for shape in layer.weight_shapes(received).values())
        if total > memory:
            raise ValueError(
                f"the weights of the model must fit into memory, {memory} bytes. "
                f"Received: {total} bytes up to layer {layer.name!r}"
            )


def unique_names(layers: Sequence[Layer]) -> list[str]:
    """Return a name for every layer: the given one, or the class's name made unique."""
    taken: set[str] = set()
    names = []
    for layer in layers:
        name = layer.given_name or (layer.name if layer.owned else layer.default_name())
        base, count = name, 0
        while name in taken:
            if layer.given_name:
                raise ValueError(
                    f"layer names must differ within a model. Received: {shown(name)} twice"
                )
            count += 1
            name = f"{base}_{count}"
        taken.add(name)
        names.append(name)
    return names


def weight_shapes(layers: Sequence[Layer], input_shape: Shape) -> dict[str, Shape]:
    """Return name ("layers.0.kernel") and shape of every weight, in the order of `get_weights`."""
    return {
        f"layers.{i}.{name}": shape
        for i, (layer, received) in enumerate(zip(layers, walk(layers, input_shape), strict=False))
        for name, shape in layer.weight_shapes(received).items()
    }
