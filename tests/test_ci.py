"""Which tests .ci/run leaves out for the other instruction sets: none that looks at the numbers."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NUMBERS = re.compile(r"agreement|kernel|gradients|oracle|random|golden|optimizers|callbacks|layers")


def left_out():
    """Return the files' names, by the pattern that leaves them out."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    [names] = re.findall(r"^elsewhere=\(([^)]*)\)", script, re.MULTILINE)
    assert "--ignore-glob=*/test_%s*.py" in script
    found = {name: sorted((ROOT / "tests").glob(f"test_{name}*.py")) for name in names.split()}
    return {name: [path.stem for path in paths] for name, paths in found.items()}


def test_every_pattern_leaves_something_out():
    assert [name for name, files in left_out().items() if not files] == []


def test_what_computes_is_not_left_out():
    assert len(list((ROOT / "tests").glob("test_*_agreement.py"))) == 2
    files = [file for found in left_out().values() for file in found]
    assert [file for file in files if NUMBERS.search(file)] == []
