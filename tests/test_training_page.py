"""The code blocks of docs/training.md run, in their order."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parent.parent / "docs" / "training.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_every_block_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    names = {"__name__": "training"}
    blocks = list(BLOCK.finditer(text))
    assert len(blocks) == text.count("```python")
    for block in blocks:
        line = text.count("\n", 0, block.start(1))
        code = compile("\n" * line + block[1], str(PAGE), "exec")  # errors name the page's line
        exec(code, names)
    assert "4000/4000" in capsys.readouterr().out
    assert not (tmp_path / "backup").exists()
    assert list((tmp_path / "models").glob("*.safetensors"))


@pytest.mark.parametrize("kind", ["callbacks", "arguments"])
def test_the_page_names_them_all(kind):
    import inspect

    from digitnet import callbacks
    from digitnet.models import Sequential

    text = PAGE.read_text(encoding="utf-8")
    if kind == "callbacks":
        expected = set(callbacks.__all__) - {"Logs", "CallbackList", "History"}
    else:
        expected = set(inspect.signature(Sequential.fit).parameters) - {"self", "nb_epoch"}
    assert {name for name in expected if not re.search(rf"\b{name}\b", text)} == set()
