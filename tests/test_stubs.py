"""`_core.pyi` held against the built module, in both directions."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import digitnet
from digitnet import _core

STUB = ast.parse((Path(digitnet.__file__).parent / "_core.pyi").read_text(encoding="utf-8"))
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}
FUNCTIONS = {node.name: node for node in STUB.body if isinstance(node, ast.FunctionDef)}
CONSTANTS = {
    node.target.id: ast.unparse(node.annotation)
    for node in STUB.body
    if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) != "TypeAlias"
}


def members(node):
    """Return the public names in a class of the stub, and __init__ if it is there."""
    functions = [item.name for item in node.body if isinstance(item, ast.FunctionDef)]
    fields = [item.target.id for item in node.body if isinstance(item, ast.AnnAssign)]
    return set(functions + fields)


def arguments(function):
    """Return the names of a definition's arguments but self, and where "*" stands among them."""
    parts = function.args
    names = [item.arg for item in parts.posonlyargs + parts.args if item.arg != "self"]
    if parts.kwonlyargs:
        names += ["*", *(item.arg for item in parts.kwonlyargs)]
    return names


def optional(function):
    """Return which arguments have a default."""
    parts = function.args
    positional = [item.arg for item in parts.args]
    keyword = zip(parts.kwonlyargs, parts.kw_defaults, strict=True)
    names = positional[len(positional) - len(parts.defaults) :]
    return names + [item.arg for item, default in keyword if default is not None]


def built(function):
    """Return the definition that pybind11 writes as the docstring's first line."""
    signature = inspect.getdoc(function).splitlines()[0]
    return ast.parse(f"def {signature}: ...").body[0]


# What pybind11 writes, as the stub's words; both know all arrays as "ndarray" then.
SAME = [
    (r"digitnet\._core\.|collections\.abc\.", ""),
    (r"typing\.Annotated\[(.*), 'FixedSize\(\d\)'\]", r"\1"),
    (r"typing\.SupportsInt \| typing\.SupportsIndex", "int"),
    (r"typing\.SupportsFloat \| typing\.SupportsIndex", "float"),
    (r"typing\.Annotated\[numpy\.typing\.ArrayLike, numpy\.float32\]", "ndarray"),
    (r"numpy\.typing\.NDArray\[\S+?\]|numpy\.ndarray|NDArray\[\S+?\]", "ndarray"),
    (r"FloatArray|DenseSamples|Targets", "ndarray"),
    ("Samples", "Csr | ndarray"),
]


def types(function, returns):
    """Return the types of a definition's arguments and, if asked, of what it returns."""
    parts = function.args
    nodes = [item.annotation for item in parts.args + parts.kwonlyargs if item.arg != "self"]
    texts = [ast.unparse(node) for node in [*nodes, *([function.returns] if returns else [])]]
    for pattern, replacement in SAME:
        texts = [re.sub(pattern, replacement, text) for text in texts]
    return texts


def agree(built_type, stub_type):
    """Tell whether the types are the same, as far as pybind11 knows its own."""
    vague = {
        "object": "Progress | None",
        "list": "list[ndarray]",
        "list[list]": "list[list[ndarray]]",
    }.get(built_type, built_type)
    known = stub_type in (vague, built_type)
    return known or (built_type == "tuple" and stub_type.startswith("tuple["))


def defined():
    """Yield every function and method of the stub as (name, definition, built object)."""
    for name, node in FUNCTIONS.items():
        yield name, node, getattr(_core, name)
    for name, node in CLASSES.items():
        for item in node.body:
            decorated = isinstance(item, ast.FunctionDef) and item.decorator_list
            if isinstance(item, ast.FunctionDef) and not decorated:
                yield f"{name}.{item.name}", item, getattr(getattr(_core, name), item.name)


def test_the_module_has_these_names_and_no_others():
    stubbed = set(CLASSES) | set(FUNCTIONS) | set(CONSTANTS)
    assert {name for name in dir(_core) if not name.startswith("_")} == stubbed


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_these_members_and_no_others(name):
    cls = getattr(_core, name)
    public = {member for member in dir(cls) if not member.startswith("_")}
    assert public == {member for member in members(CLASSES[name]) if not member.startswith("_")}
    with pytest.raises(TypeError) as error:
        cls()  # no class of the core can be made of nothing, and some not at all
    assert ("__init__" in members(CLASSES[name])) is ("No constructor" not in str(error.value))


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_are_lists_of_names(name):
    assert CONSTANTS[name] == "list[str]"
    assert all(isinstance(item, str) for item in getattr(_core, name))


@pytest.mark.parametrize(
    ("name", "stub", "function"), [pytest.param(*d, id=d[0]) for d in defined()]
)
def test_signatures(name, stub, function):
    definition = built(function)
    assert arguments(definition) == arguments(stub)
    assert optional(definition) == optional(stub)
    returns = not name.endswith("__init__")
    pairs = zip(types(definition, returns), types(stub, returns), strict=True)
    assert [pair for pair in pairs if not agree(*pair)] == []


@pytest.mark.parametrize("name", CLASSES)
def test_properties_can_be_set_where_the_stub_says_so(name):
    for item in CLASSES[name].body:
        if isinstance(item, ast.FunctionDef) and item.decorator_list:
            assert getattr(_core, name).__dict__[item.name].fset is None
        elif isinstance(item, ast.AnnAssign) and name == "Model":
            assert getattr(_core, name).__dict__[item.target.id].fset is not None
