"""Write the committed results into the pages that show them.

A page holds lines ``<!-- table: FILE WORKLOAD [THREADS] -->`` and ``<!-- end of table -->``; what
stands between them is made from the JSON file of that name in bench/results. A test holds pages and
results together, so that no figure in a table is written by hand.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from bench.report import seconds  # noqa: E402
from bench.runners import LIBRARIES  # noqa: E402
from bench.workloads import WORKLOADS  # noqa: E402

PAGES = (ROOT / "README.md", ROOT / "docs" / "performance.md")
_TABLE = re.compile(
    r"(?P<head><!-- table: (?P<file>\S+) (?P<workload>\S+)(?: (?P<threads>\d+))? -->\n).*?"
    r"(?P<tail><!-- end of table -->)",
    re.DOTALL,
)


def filled(page: str) -> str:
    """Return the page with all its tables made anew."""

    def anew(found: re.Match[str]) -> str:
        made = table(found["file"], found["workload"], found["threads"])
        return f"{found['head']}{made}\n{found['tail']}"

    return _TABLE.sub(anew, page)


def table(file: str, workload: str, threads: str | None = None) -> str:
    """Return the rows of one workload, with so many threads, in a results file as Markdown."""
    path = ROOT / "bench" / "results" / f"{file}.json"
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    limit = "bandwidth" if WORKLOADS[workload].predict_samples == 1 else "FMA peak"
    lines = [
        f"| | median | least to greatest | times digitnet's | % of the {limit} |",
        "|---|--:|--:|--:|--:|",
    ]
    rows = [row for row in result["summary"] if row["workload"] == workload]
    if threads is not None:
        rows = [row for row in rows if row["threads"] == int(threads)]
    if len({row["threads"] for row in rows}) != 1:
        raise ValueError(f"{file} {workload}: no rows, or rows of several numbers of threads")
    lines += [_line(row) for row in rows]
    return "\n".join(lines)


def _line(row: dict[str, Any]) -> str:
    name = LIBRARIES[row["library"]]
    if row["status"] != "ok":
        return f"| {name} | {row['status']}: {row['why']} | | | |"
    span = f"{seconds(row['min'])} to {seconds(row['max'])}"
    of_limit, times = row.get("percent_of_limit"), row.get("ratio_to_digitnet")
    percent = "-" if of_limit is None else f"{of_limit:.0f}"
    ratio = "-" if times is None else f"{times:.2f}"
    return f"| {name} | {seconds(row['median'])} | {span} | {ratio} | {percent} |"


def main() -> None:
    """Fill all pages."""
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
