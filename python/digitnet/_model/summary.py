"""The table that `Sequential.summary` prints."""

from __future__ import annotations

from collections.abc import Sequence

from digitnet.layers import Layer

_WIDTHS = (32, 24, 12)


def summary_lines(
    name: str, layers: Sequence[Layer], output_shapes: Sequence[tuple[int, ...]]
) -> list[str]:
    """Return the table's lines; ``output_shapes`` is empty where the model is not built."""
    rule, double_rule = "_" * sum(_WIDTHS), "=" * sum(_WIDTHS)
    lines = [f'Model: "{name}"', rule, _row("Layer (type)", "Output Shape", "Param #"), double_rule]
    for i, layer in enumerate(layers):
        shape, count = "?", "0 (unbuilt)"
        if output_shapes:
            shape = str((None, *output_shapes[i]))
            count = f"{layer.count_params():,}"
        lines.append(_row(f"{layer.name} ({type(layer).__name__})", shape, count))
    total = sum(layer.count_params() for layer in layers) if output_shapes else 0
    return [*lines, double_rule, f"Total params: {total:,} ({_size(4 * total)})", rule]


def _row(*cells: str) -> str:
    *left, last = (
        cell if len(cell) < width else cell[: width - 2] + "…"
        for cell, width in zip(cells, _WIDTHS, strict=True)
    )
    return "".join(cell.ljust(width) for cell, width in zip(left, _WIDTHS, strict=False)) + (
        last.rjust(_WIDTHS[-1])
    )


def _size(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1024 or unit == "GB":
            break
        count /= 1024
    return f"{count:.2f} {unit}"
