"""The notebook runs from top to bottom and carries no outputs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
TOUR = Path(__file__).resolve().parent.parent / "examples/tour.ipynb"

# What a notebook does with a cell's last expression, for pictures: draw it.
_SHOWN = """
import ast, io
def run_cell(code, names):
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        if hasattr(value, "savefig"):
            value.savefig(io.BytesIO())
            print("picture")
"""


def cells():
    """Return the notebook's cells."""
    return json.loads(TOUR.read_text(encoding="utf-8"))["cells"]


def test_outputs_are_stripped():
    code = [cell for cell in cells() if cell["cell_type"] == "code"]
    assert len(code) > 10
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert len({cell["id"] for cell in cells()}) == len(cells())


def test_the_tour_runs_in_plain_python(tmp_path):
    # On the sample: the same way, and no download.
    code = ["".join(cell["source"]) for cell in cells() if cell["cell_type"] == "code"]
    on_sample = [cell.replace("mnist.load_data", "mnist_sample.load_data") for cell in code]
    assert on_sample != code
    ending = "assert accuracy > 0.85 and network.evaluate(points, outside, verbose=0)[1] > 0.95\n"
    program = f"{_SHOWN}names = {{}}\nfor cell in {[*on_sample, ending]!r}: run_cell(cell, names)\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-"],
        input=program,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("picture") == sum("plot." in cell for cell in code)


def test_the_tour_runs_as_a_notebook(tmp_path):
    nbclient = pytest.importorskip("nbclient", reason="nbclient runs notebooks; not installed")
    pytest.importorskip("ipykernel", reason="ipykernel runs notebooks; not installed")
    import nbformat

    notebook = nbformat.read(TOUR, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        cell.source = cell.source.replace("mnist.load_data", "mnist_sample.load_data")
    nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    shown = [out.get("data", {}) for cell in notebook.cells for out in cell.get("outputs", [])]
    assert sum("image/png" in data for data in shown) > 10
