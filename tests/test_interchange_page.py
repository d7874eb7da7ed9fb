"""The code in docs/interchange.md runs, section by section, and gives what the page says."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parent.parent / "docs" / "interchange.md"

# Section: the packages that its code needs, and what must hold after it.
SECTIONS = {
    "ONNX": (["onnxruntime"], "assert probabilities.shape == (1000, 10); assert difference < 2e-6"),
    "PyTorch": (["torch"], "assert difference < 2e-6\n"
                "assert all((a == b).all() for a, b in zip(before, model.get_weights()))"),
    "NumPy": ([], "assert str(names) in page\n"
              "assert (digits == model.predict_classes(x_test)).all()\n"
              "assert all((a == b).all() for a, b in zip(before, model.get_weights()))"),
}  # fmt: skip


def blocks(text):
    """Return the code of a text."""
    return "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S))


def test_these_are_the_sections():
    assert re.findall(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), re.M) == list(SECTIONS)


@pytest.mark.parametrize("name", SECTIONS)
def test_the_code_runs(name, tmp_path):
    packages, checks = SECTIONS[name]
    for package in packages:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"the package {package} is not installed")
    text = PAGE.read_text(encoding="utf-8")
    beginning, *sections = re.split(r"^## ", text, flags=re.M)
    (section,) = (part for part in sections if part.startswith(f"{name}\n"))
    reading = f"page = open({str(PAGE)!r}, encoding='utf-8').read().replace('\"', \"'\")"
    code = [blocks(beginning), "before = model.get_weights()", blocks(section), reading, checks]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(code)],
        capture_output=True, text=True, timeout=300, cwd=tmp_path, env=os.environ,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path)
