"""The code in docs/sklearn.md runs, and says what the page says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn", "1.6", reason="needs scikit-learn 1.6 or later")

PAGE = Path(__file__).resolve().parent.parent / "docs" / "sklearn.md"


def test_the_code_of_the_page_runs(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    assert len(blocks) == 5
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(blocks)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert done.returncode == 0, done.stderr
    right, epochs, same, layers = done.stdout.strip().splitlines()
    assert float(re.fullmatch(r"right: ([\d.]+)%", right)[1]) > 90
    score = re.fullmatch(r"\d+ epochs, best score ([\d.]+)", epochs)
    assert float(score[1]) > 0.9
    assert same == "True"
    assert "'path': 'sparse'" in layers
    assert (tmp_path / "digits.safetensors").exists()
