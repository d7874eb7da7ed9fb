"""The examples in the docstrings run, and the page of pictures shows what its programs draw."""

import ast
import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("PIL")
from digitnet import plot

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/pictures.md").read_text(encoding="utf-8")
PICTURES = [name for name in plot.__all__ if name != "require_matplotlib"]


def is_png(path):
    return path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", PICTURES)
def test_the_example_in_the_docstring_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function = getattr(plot, name)
    (found,) = doctest.DocTestFinder(recurse=False).find(function, name, globs={})
    result = doctest.DocTestRunner().run(found)
    assert result.failed == 0
    assert result.attempted >= 3
    assert [is_png(path) for path in tmp_path.iterdir()] == [True]


def test_every_picture_s_docstring_says_all():
    for name in PICTURES:
        sections = getattr(plot, name).__doc__
        assert all(word in sections for word in ("Parameters\n", "Raises\n", "Examples\n")), name


def test_the_page_draws_its_pictures(tmp_path):
    command = [sys.executable, "-W", "error", ROOT / "docs/make_images.py"]
    done = subprocess.run(
        [*command, "--sample", "--output", tmp_path / "here"],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    shown = re.findall(r"\]\(images/(\S+\.png)\)", PAGE)
    assert {path.name for path in (tmp_path / "here").iterdir()} == set(shown)
    assert all(is_png(tmp_path / "here" / name) for name in shown)
    assert done.stdout.count(" KB\n") == len(shown)


def test_the_page_s_pictures_and_links_exist_and_are_small():
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", PAGE) if "://" not in t]
    assert [t for t in targets if not (ROOT / "docs" / t).exists()] == []
    pictures = [ROOT / "docs" / t for t in targets if t.endswith(".png")]
    assert len(pictures) >= 12
    assert all(picture.stat().st_size < 60_000 for picture in pictures)


def test_the_page_shows_every_function():
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S))
    called = {node.attr for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)}
    assert set(PICTURES) - called == {"regression"}  # examples/regression.py draws that
    assert "plot.regression" in PAGE
