"""The Python programs in the documentation run, page by page from top to bottom."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# The others have tests of their own, which know what must be installed, and what must come out.
ELSEWHERE = ("interchange", "keras", "pictures", "sklearn", "training")
PAGES = [
    page
    for page in sorted((ROOT / "docs").glob("*.md"))
    if "```python" in page.read_text("utf-8") and page.stem not in ELSEWHERE
]


def programs(page):
    """The Python blocks of a page, one behind the other, on the lines that they have there."""
    lines, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        if re.match(r"```", line):
            inside = line == "```python"
            lines.append("")
        else:
            lines.append(line if inside else "")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_programs_of_a_page_run(page, tmp_path):
    pytest.importorskip("matplotlib")
    if "datasets import mnist\n" in programs(page) and not os.environ.get("DIGITNET_DATA"):
        pytest.skip("it trains on MNIST: DIGITNET_DATA names no folder")
    program = tmp_path / f"{page.stem}.py"
    program.write_text(programs(page), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
