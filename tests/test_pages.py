"""The figures in the pages are those of the committed results."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import page  # noqa: E402


@pytest.mark.parametrize("path", page.PAGES, ids=lambda path: path.name)
def test_tables_are_made_from_the_results(path):
    text = path.read_text(encoding="utf-8")
    assert "<!-- table:" in text
    assert page.filled(text) == text
