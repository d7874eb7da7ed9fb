"""DIGITNET_CPU_ISA selects the instruction set; what cannot be had is refused in one sentence."""

import os
import subprocess
import sys

import pytest

from digitnet import _core

KNOWN = ["generic", "avx2", "avx512"]


def isa_of_a_process(value, name="DIGITNET_CPU_ISA"):
    """Return exit status and last line of a process with this environment variable."""
    program = "import digitnet; print(digitnet.config.cpu_isa())"
    environment = {**os.environ, name: value}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).strip().splitlines()[-1]


@pytest.mark.parametrize("isa", KNOWN)
def test_a_known_one_is_selected_or_refused(isa):
    status, line = isa_of_a_process(isa)
    if isa in _core.supported_cpu_isas():
        assert (status, line) == (0, isa)
    else:
        supported = ", ".join(_core.supported_cpu_isas())
        assert status == 1
        assert line == (
            f"RuntimeError: DIGITNET_CPU_ISA asks for {isa}, "
            f"but this machine supports only {supported}"
        )


def test_an_unknown_one_is_refused():
    status, line = isa_of_a_process("sse9")
    assert status == 1
    assert line == "ValueError: DIGITNET_CPU_ISA must be generic, avx2 or avx512, got 'sse9'"


@pytest.mark.parametrize("name", ["DIGITNET_SKIP_BELOW", "DIGITNET_SKIP_HIDDEN_BELOW"])
@pytest.mark.parametrize("value", ["much", "-0.1", "1.5", "nan"])
def test_a_share_to_skip_below_that_is_none(value, name):
    want = f"ValueError: {name} must be a number from 0 to 1, got '{value}'"
    assert isa_of_a_process(value, name) == (1, want)


def test_empty_means_the_fastest():
    assert isa_of_a_process("") == (0, _core.supported_cpu_isas()[-1])
