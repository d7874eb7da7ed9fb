"""The fuzzers of fuzz/: a few files for each of them here, and what they would find."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import digitnet

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(digitnet.__file__).resolve().parent.parent
TARGETS = ["idx", "model", "weights", "keras", "hdf5", "picture", "backup", "predict"]

pytest.importorskip("h5py", reason="the seeds of the fuzzers need h5py")
pytest.importorskip("PIL", reason="the seeds of the fuzzers need Pillow")


def run(code, folder, *arguments):
    """Run Python code, or with None the module fuzz, in a process of its own."""
    command = ["-m", "fuzz"] if code is None else ["-c", code]
    return subprocess.run(
        [sys.executable, *command, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE), str(ROOT)])},
    )


@pytest.mark.parametrize("target", TARGETS)
def test_files_damaged_at_random(target, tmp_path):
    result = run(None, tmp_path, target, "--engine", "plain", "--files", "150", "--seconds", "250")
    assert result.returncode == 0, result.stderr[-3000:]
    files, taken = (int(word) for word in result.stdout.split() if word.isdigit())
    assert files == 150
    assert 3 < taken < 149  # neither all nor none fits


FAULTS = {  # what a reader does: what the guard says
    "raise KeyError('x')": "KeyError",
    "raise MemoryError": "MemoryError",
    "raise ValueError('a\\nb')": "no sentence of one line",
    "raise ValueError('x' * 2000)": "no sentence of one line",
    "raise ValueError": "no sentence of one line",
    "assert path is None": "AssertionError",
    "path.with_name('other').write_text('')": "files were left behind",
    "import subprocess; subprocess.run(['true'])": "subprocess.Popen",
    "import os; os.system('true')": "os.system",
    "import pickle; pickle.loads(b'cos\\nsystem\\n.')": "pickle.find_class",
    "import socket; socket.socket().connect_ex(('localhost', 9))": "socket",
    "while time.process_time() < began + 1.2: pass": "s for a file of 1 bytes",
}


@pytest.mark.parametrize("fault", FAULTS, ids=list(FAULTS.values()))
def test_what_is_found(fault, tmp_path):
    """A target that does what no reader of files may do."""
    code = f"""
import time

from fuzz import guard, targets

def read(path):
    if path.read_bytes() == b"1":
        {fault}

targets.TARGETS["bad"] = targets.Target(lambda: [b"0"], lambda data, rng: data, read)
watched = guard.Guard("bad")
began = time.process_time()
try:
    watched.run(b"1")
except guard.Finding as finding:
    print(finding)
"""
    result = run(code, tmp_path)
    assert FAULTS[fault] in result.stdout, result.stdout + result.stderr
