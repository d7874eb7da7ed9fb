"""The example programs and the README's code run and show what they promise."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
ROOT = Path(__file__).resolve().parent.parent


def run(tmp_path, *arguments, **variables):
    """Run a Python program with warnings as errors; give what it printed."""
    # An address that answers nothing: without MNIST in DIGITNET_DATA a program must use the sample.
    offline = {"https_proxy": "http://127.0.0.1:9", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-W", "error", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
        env={**os.environ, **offline, **variables},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers(pattern, text):
    """The groups of a pattern that must occur in the text, as numbers."""
    found = re.search(pattern, text)
    assert found, text
    return [float(group) for group in found.groups()]


def is_png(path):
    """Whether there is a picture of more than a few bytes."""
    return path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 5000


def test_single_neuron_finds_the_line(tmp_path):
    out = run(tmp_path, ROOT / "examples/single_neuron.py", "--output", "here")
    slope, offset = numbers(r"scaled: +(-[\d.]+) x \+ 1.00 y \+ ([\d.]+)", out)
    assert slope == pytest.approx(-1, rel=0.05)
    assert offset == pytest.approx(5, rel=0.05)
    assert numbers(r"on the right side: ([\d.]+) %", out)[0] >= 99
    assert numbers(r"probability ([\d.]+)", out)[0] > 0.9
    assert is_png(tmp_path / "here/single_neuron.png")


def test_regression_is_as_near_as_the_noise_allows(tmp_path):
    out = run(tmp_path, ROOT / "examples/regression.py", "--output", "here")
    measured, noise = numbers(r"measurements: ([\d.]+) \(their noise: ([\d.]+)\)", out)
    assert measured == pytest.approx(noise, rel=0.15)
    assert numbers(r"true curve: ([\d.]+)", out)[0] < 0.05
    assert is_png(tmp_path / "here/regression.png")


@pytest.mark.skipif(sys.platform != "linux", reason="the cache folder cannot be moved elsewhere")
def test_overfitting_is_seen_and_dropout_helps(tmp_path, monkeypatch):
    monkeypatch.delenv("DIGITNET_DATA", raising=False)  # the sample's test is the shorter one
    script = ROOT / "examples/overfitting.py"
    out = run(tmp_path, script, "--epochs", "40", "--output", "here")
    line = r"{} dropout: train ([\d.]+) %, test ([\d.]+) %, test loss ([\d.]+) \(lowest: ([\d.]+)"
    train, test, loss, lowest = numbers(line.format("without"), out)
    assert train == 100
    assert test < 95
    assert loss > lowest * 1.05
    _, cured, cured_loss, _ = numbers(line.format("with"), out)
    assert cured > test
    assert cured_loss < loss
    for name in ("without", "with"):
        assert is_png(tmp_path / f"here/{name}_dropout.png")


def test_mnist_article_learns_and_draws(tmp_path):
    out = run(tmp_path, ROOT / "examples/mnist_article.py", "--output", "here")
    (accuracy,) = numbers(r"Right answers on the test images: ([\d.]+) %", out)
    assert accuracy > (92 if "60000 images" in out else 85)
    wrong, count = numbers(r"Wrong answers: (\d+) of (\d+)", out)
    assert 100 * (1 - wrong / count) == pytest.approx(accuracy, abs=0.06)
    for name in ("samples", "learning_curve", "predictions", "first_layer"):
        assert is_png(tmp_path / f"here/{name}.png")


@pytest.mark.skipif(sys.platform != "linux", reason="the cache folder cannot be moved elsewhere")
def test_mnist_article_uses_the_sample_where_mnist_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("DIGITNET_DATA", raising=False)
    out = run(tmp_path, ROOT / "examples/mnist_article.py", "--epochs", "1", "--output", "here")
    assert "using the sample that digitnet carries" in out
    assert "4000 images to learn from, 1000 for the test" in out


def test_the_code_in_the_readme_runs(tmp_path):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code, later = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    assert len(code.strip().splitlines()) <= 14
    on_sample = code.replace("import mnist\n", "import mnist_sample as mnist\n")
    assert on_sample != code
    on_sample += later + "assert accuracy > 0.5 and probabilities.shape == (1, 10)\n"
    out = run(tmp_path, "-c", on_sample)
    assert "Epoch 4/4" in out
    assert (tmp_path / "digits.safetensors").exists()


def test_the_readme_s_pictures_and_links_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in t]
    assert targets
    assert [t for t in targets if not (ROOT / t).exists()] == []
    pictures = [ROOT / t for t in targets if t.endswith(".png")]
    assert all(picture.stat().st_size < 150_000 for picture in pictures)


def test_augmentation_shows_what_it_is_worth(tmp_path):
    folder = {"DIGITNET_DATA": ""}  # the sample: seconds, not minutes
    out = run(tmp_path, ROOT / "examples/augmentation.py", "--output", "here", **folder)
    without, plain = numbers(r"without augmentation: ([\d.]+) % .*?, ([\d.]+) %", out)
    learned, tested = numbers(r"with augmentation: ([\d.]+) % .*?, ([\d.]+) %", out)
    assert without > 99  # nearly by heart
    assert learned < without
    assert tested > plain + 0.5
    assert is_png(tmp_path / "here/augmentation.png")
