"""From the single runs to figures: medians and spreads, a table, a chart."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from bench.runners import LIBRARIES
from bench.workloads import WORKLOADS, Workload

Run = dict[str, Any]


def save(path: Path, result: dict[str, Any]) -> None:
    """Write a benchmark's result as JSON, into a folder that is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def summarize(runs: list[Run], probes: list[Run]) -> list[Run]:
    """Return one row for each workload, thread count and library, in the order of the runs.

    A run's figure is the median of what it timed; the row's are the median, least and greatest of
    its runs. A row whose runs did not all learn has no figures, and says why.
    """
    groups: dict[tuple[str, int, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run["workload"], run["threads"], run["library"]), []).append(run)
    rows = [_row(key, group) for key, group in groups.items()]
    for row in rows:
        own = groups.get((row["workload"], row["threads"], "digitnet"), [])
        ours = [r["median"] for r in own if _counts(r)]
        if ours and "median" in row:
            row["ratio_to_digitnet"] = row["median"] / statistics.median(ours)
        if "median" in row:
            row["percent_of_limit"] = _percent_of_limit(row, probes)
    order = list(WORKLOADS)
    return sorted(rows, key=lambda row: (order.index(row["workload"]), row["threads"]))


def _counts(run: Run) -> bool:
    return run["status"] == "ok" and run["learned"]


def _row(key: tuple[str, int, str], group: list[Run]) -> Run:
    row: Run = dict(zip(("workload", "threads", "library"), key, strict=True))
    bad = [run for run in group if not _counts(run)]
    if bad:
        first = bad[0]
        why = first.get("why") or f"test accuracy {first.get('accuracy', 0):.4f} is too low"
        status = first["status"] if first["status"] != "ok" else "did not learn"
        return {**row, "status": status, "why": why}
    medians = [run["median"] for run in group]
    row |= {"status": "ok", "runs": len(group), "median": statistics.median(medians)}
    row |= {"min": min(medians), "max": max(medians)}
    if "accuracy" in group[0]:
        row["accuracy"] = min(run["accuracy"] for run in group)
    for name in ("bytes", "bytes_with_dependencies"):
        if name in group[0]:
            row[name] = group[0][name]
    return row


def _percent_of_limit(row: Run, probes: list[Run]) -> float | None:
    """Return the effective rate in percent of the limit that the same run measured, if it did.

    The limit is the greatest FMA peak that any round saw, for what disturbs a probe can only lower
    it; for one image, whose arithmetic is
    nothing beside reading the weights once, it is the bandwidth of the memory.
    """
    fitting = [p for p in probes if p.get("threads") == row["threads"]]
    workload: Workload = WORKLOADS[row["workload"]]
    if not fitting or workload.kind == "import":
        return None
    if workload.predict_samples == 1:
        limit = max(p["bandwidth_gb_per_s"] for p in fitting)
        return 100 * 4 * workload.weights / 1e9 / row["median"] / limit
    limit = max(max(p["fma_gflops"].values()) for p in fitting)
    return 100 * workload.gflop / row["median"] / limit


def table(rows: list[Run]) -> str:
    """Return the rows as text, a section for each workload and thread count."""
    lines: list[str] = []
    section = None
    for row in rows:
        if section != (row["workload"], row["threads"]):
            section = (row["workload"], row["threads"])
            threads = f"{section[1]} thread{'s' if section[1] > 1 else ''}"
            lines += ["", f"{section[0]} ({WORKLOADS[section[0]].about}), {threads}", _HEAD]
        lines.append(_line(row))
    return "\n".join(lines)


_HEAD = f"  {'':20}{'median':>11}{'min':>11}{'max':>11}{'ratio':>8}{'% limit':>9}{'accuracy':>10}"


def _line(row: Run) -> str:
    name = f"  {LIBRARIES[row['library']]:20}"
    if row["status"] != "ok":
        return f"{name}  {row['status']}: {row['why']}"
    times = "".join(f"{seconds(row[key]):>11}" for key in ("median", "min", "max"))
    ratio, percent = row.get("ratio_to_digitnet"), row.get("percent_of_limit")
    line = name + times + (f"{ratio:8.2f}" if ratio else f"{'-':>8}")
    line += f"{percent:9.1f}" if percent is not None else f"{'-':>9}"
    line += f"{100 * row['accuracy']:9.2f}%" if "accuracy" in row else f"{'-':>10}"
    if "bytes" in row:
        own, full = row["bytes"] / 1e6, row["bytes_with_dependencies"] / 1e6
        line += f"  {own:,.1f} MB, {full:,.1f} MB with what it requires"
    return line


def seconds(value: float) -> str:
    """Return a duration with a fitting unit."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e9:.0f} ns"


def chart(rows: list[Run], path: Path) -> str:
    """Draw the ratios to digitnet; return why there is no picture, if there is none."""
    try:
        import matplotlib
    except ImportError:
        return "no chart: matplotlib is not installed"
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    good = [row for row in rows if row.get("ratio_to_digitnet")]
    sections = list(dict.fromkeys((row["workload"], row["threads"]) for row in good))
    if not sections:
        return "no chart: nothing was compared with digitnet"
    columns = min(3, len(sections))
    lines = -(-len(sections) // columns)
    figure = Figure(figsize=(max(6.0, 4.6 * columns), 0.6 + 2.6 * lines), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for axis, section in zip(axes, sections, strict=False):
        _bars(axis, [r for r in good if (r["workload"], r["threads"]) == section], section)
    for axis in axes[len(sections) :]:
        axis.set_visible(False)
    figure.suptitle("Times relative to digitnet: median, least and greatest run", fontsize=11)
    figure.savefig(path, dpi=120)
    return ""


def _bars(axis: Any, rows: list[Run], section: tuple[str, int]) -> None:
    """Draw one section: a bar for each library, digitnet's own at 1."""
    scale = [row["ratio_to_digitnet"] / row["median"] for row in rows]
    ratios = [row["ratio_to_digitnet"] for row in rows]
    below = [(r["median"] - r["min"]) * s for r, s in zip(rows, scale, strict=True)]
    above = [(r["max"] - r["median"]) * s for r, s in zip(rows, scale, strict=True)]
    colors = ["tab:blue" if row["library"] == "digitnet" else "0.7" for row in rows]
    names = [LIBRARIES[row["library"]] for row in rows]
    axis.barh(names, ratios, xerr=[below, above], color=colors, error_kw={"lw": 1, "ecolor": "0.3"})
    axis.invert_yaxis()
    axis.axvline(1, color="tab:blue", lw=0.8)
    if max(ratios) > 20:
        axis.set_xscale("log")
    workload, threads = section
    axis.set_title(f"{workload}, {threads} thread{'s' if threads > 1 else ''}", fontsize=10)
    for place, row in enumerate(rows):  # behind the whisker, so that neither hides the other
        text, end = f"{seconds(row['median'])}", (ratios[place] + above[place], place)
        axis.annotate(text, end, (4, 0), textcoords="offset points", fontsize=7, va="center")
    axis.margins(x=0.25)
