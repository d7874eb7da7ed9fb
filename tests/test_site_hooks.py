"""The site's links to files outside docs/, from a page at its top and from one in a folder."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def hooks():
    pytest.importorskip("mkdocs")
    spec = importlib.util.spec_from_file_location("site_hooks", ROOT / "docs" / "site_hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("source", "link", "expected"),
    [
        ("page.md", "[a](../pyproject.toml)", "[a](./files/pyproject.toml)"),
        ("page.md", "see [a](../README.md)", "see a"),
        ("more/page.md", "![a](../../pyproject.toml)", "![a](../files/pyproject.toml)"),
        ("more/page.md", "[a](../training.md)", "[a](../training.md)"),
        ("more/page.md", "[a](../images/network.png)", "[a](../images/network.png)"),
    ],
)
def test_where_a_link_leads(hooks, source, link, expected):
    page = SimpleNamespace(file=SimpleNamespace(src_uri=source))
    assert hooks.on_page_markdown(link, page=page) == expected


def test_a_link_that_leads_nowhere(hooks):
    page = SimpleNamespace(file=SimpleNamespace(src_uri="more/page.md"))
    with pytest.raises(FileNotFoundError, match=r"docs link to nothing\.py, which is not there"):
        hooks.on_page_markdown("[a](../../nothing.py)", page=page)
