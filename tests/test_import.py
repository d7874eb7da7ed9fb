"""What `import digitnet` costs and offers."""

import importlib
import subprocess
import sys

import pytest

import digitnet

HEAVY = [
    "argparse", "digitnet._keras_format", "digitnet.cli", "digitnet.datasets", "digitnet.plot",
    "gzip", "h5py", "importlib.metadata", "matplotlib", "platformdirs", "safetensors", "scipy",
    "tqdm", "urllib",
]  # fmt: skip


def loaded_by(statement):
    """Return the modules that a fresh interpreter has after the statement."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_import_loads_nothing_heavy():
    extra = loaded_by("import digitnet") - loaded_by("import numpy")
    assert "digitnet.models" in extra
    heavy = {name for name in extra if any(f"{name}.".startswith(f"{h}.") for h in HEAVY)}
    assert heavy == set()


def test_training_and_predicting_load_nothing_more():
    code = (
        "import digitnet, numpy; m = digitnet.Sequential([digitnet.Input((2,)),"
        "digitnet.layers.Dense(1)]); m.compile('sgd', 'mse');"
        "m.fit(numpy.ones((4, 2)), numpy.ones(4), verbose=0); m.predict(numpy.ones((4, 2)))"
    )
    extra = loaded_by(code) - loaded_by("import numpy")
    assert {name.split(".")[0] for name in extra} & set(HEAVY) == set()


@pytest.mark.parametrize("name", ["augmentation", "datasets", "plot"])
def test_later_modules_come_when_asked_for(name):
    assert getattr(digitnet, name) is importlib.import_module(f"digitnet.{name}")


def test_names():
    listed = {name for name in dir(digitnet) if not name.startswith("__")}
    assert listed == {*digitnet.__all__, "augmentation", "datasets", "plot"}
    for name in digitnet.__all__:
        assert hasattr(digitnet, name)
    assert digitnet.__version__[0].isdigit()
    assert digitnet.devices()[0].name == "cpu"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = digitnet.nothing


def test_threads_and_instruction_set():
    from digitnet import _core, config

    before = config.num_threads()
    try:
        config.set_num_threads(1)
        assert config.num_threads() == 1
    finally:
        config.set_num_threads(before)
    assert config.cpu_isa() in _core.supported_cpu_isas()
    for wrong, error in [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)]:
        with pytest.raises(error, match="count must be a positive integer"):
            config.set_num_threads(wrong)
