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
    r"(<!-- table: (?P<file>\S+) (?P<workload>\S+) -->\n).*?(<!-- end of table -->)", re.DOTALL
)


def filled(page: str) -> str:
    """Return the page with all its tables made anew."""
    return _TABLE.sub(lambda m: f"{m[1]}{table(m['file'], m['workload'])}\n{m[4]}", page)


def table(file: str, workload: str) -> str:
    """Return the rows of one workload in a results file as a Markdown table."""
    path = ROOT / "bench" / "results" / f"{file}.json"
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    limit = "bandwidth" if WORKLOADS[workload].predict_samples == 1 else "FMA peak"
    lines = [
        f"| | median | least to greatest | times digitnet's | % of the {limit} |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [_line(row) for row in result["summary"] if row["workload"] == workload]
    return "\n".join(lines)


def _line(row: dict[str, Any]) -> str:
    name = LIBRARIES[row["library"]]
    if row["status"] != "ok":
        return f"| {name} | {row['status']}: {row['why']} | | | |"
    span = f"{seconds(row['min'])} to {seconds(row['max'])}"
    percent = f"{row['percent_of_limit']:.0f}"
    ratio = f"{row['ratio_to_digitnet']:.2f}"
    return f"| {name} | {seconds(row['median'])} | {span} | {ratio} | {percent} |"


def main() -> None:
    """Fill all pages."""
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
