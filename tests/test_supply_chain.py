"""What SECURITY.md promises of the sources: no pickle, no code in data, checked downloads."""

import ast
import functools
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import digitnet
from digitnet.datasets import fashion_mnist, mnist

PACKAGE = Path(digitnet.__file__).parent
ROOT = Path(__file__).parent.parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

# Whatever turns bytes into objects or code.
UNPICKLERS = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
UNPICKLERS |= {"jsonpickle", "yaml", "copyreg"}
EVALUATORS = {"eval", "exec", "compile", "__import__"}
NETWORK = {"urllib", "http", "socket", "ssl", "ftplib", "requests", "httpx", "aiohttp"}


@functools.cache
def nodes():
    """Return every node of every file's syntax tree, with the file's name."""
    return [
        (path.relative_to(PACKAGE).as_posix(), node)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    ]


def imports():
    """Yield each file with each module that it imports, by its full name."""
    for name, node in nodes():
        if isinstance(node, ast.Import):
            yield from ((name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield name, node.module or ""


def top(module):
    return module.split(".")[0]


def test_the_sources_are_all_looked_at():
    names = {path.relative_to(PACKAGE).as_posix() for path in SOURCES}
    assert {"saving.py", "_npz.py", "_keras_format/archive.py", "datasets/download.py"} <= names
    assert ("datasets/download.py", "urllib.request") in set(imports())


def test_nothing_is_unpickled():
    found = {pair for pair in imports() if top(pair[1]) in UNPICKLERS}
    assert found <= {("sklearn/_peer.py", "joblib.parallel")}  # asks who else computes
    allowed = [
        name
        for name, node in nodes()
        if isinstance(node, ast.keyword)
        and node.arg == "allow_pickle"
        and not (isinstance(node.value, ast.Constant) and node.value.value is False)
    ]
    assert allowed == []


def test_every_array_file_is_read_without_pickle():
    """np.load is told so each time; np.save and its like are given arrays of numbers alone."""
    loads = [
        (name, {keyword.arg for keyword in node.keywords})
        for name, node in nodes()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "load"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("np", "numpy")
    ]
    assert loads
    assert all("allow_pickle" in keywords for _, keywords in loads), loads


def test_nothing_is_evaluated():
    called = [
        (name, node.func.id)
        for name, node in nodes()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert len(called) > 100
    assert [pair for pair in called if pair[1] in EVALUATORS] == []
    assert [name for name, module in imports() if top(module) in ("subprocess", "ctypes")] == []


def test_one_file_alone_talks_to_the_network():
    assert {name for name, module in imports() if top(module) in NETWORK} == {
        "datasets/download.py"
    }


@pytest.mark.parametrize("module", [mnist, fashion_mnist])
def test_downloads_come_by_https_and_have_a_checksum(module):
    dataset = module._DATASET
    assert dataset.mirrors
    assert all(urlsplit(mirror).scheme == "https" for mirror in dataset.mirrors)
    for file in dataset.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256 or file.gz_sha256 or ""), file.name


def test_few_dependencies_and_pinned_tools():
    path = ROOT / "pyproject.toml"
    if not path.exists():
        pytest.skip("the tests are not beside pyproject.toml")
    project = pytest.importorskip("tomllib").loads(path.read_text("utf-8"))["project"]
    names = {re.split(r"[<>=~!\[ ]", text)[0] for text in project["dependencies"]}
    assert names == {"numpy", "platformdirs", "safetensors", "tqdm"}
    tools = [text for text in project["optional-dependencies"]["dev"] if "==" in text]
    assert {text.split("==")[0] for text in tools} >= {"ruff", "mypy", "clang-format", "clang-tidy"}


def test_the_versions_of_the_tools_of_ci():
    path = ROOT / ".ci" / "constraints.txt"
    if not path.exists():
        pytest.skip("the tests are not beside .ci")
    lines = [line for line in path.read_text("utf-8").splitlines() if line[:1] != "#"]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line) for line in lines)
    tools = {line.split("==")[0] for line in lines}
    assert tools >= {"cmake", "hypothesis", "ninja", "pybind11", "pytest", "scikit-build-core"}
    run = (path.parent / "run").read_text("utf-8")
    assert "export PIP_CONSTRAINT=$PWD/.ci/constraints.txt\nexport PIP_BUILD_CONSTRAINT=" in run
