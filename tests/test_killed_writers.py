"""SIGKILL at any moment: the old file or the new one, and no temporary files that pile up.

Of a log, to which is added: whole rows. The test runs this file as a program, which kills as often
as it is asked to: ``python tests/test_killed_writers.py --count 1000 [--only CSVLogger]``.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import pytest

from writers import NAMES, lacks, writer_of

LONGEST = 0.06  # seconds until the kill: several writes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a fork of the process"),
]


def killed(writer, folder, first, after):
    """Write one number after the other in a process of its own, and kill it."""
    child = os.fork()
    if child == 0:
        try:
            for number in range(first, 1_000_000):
                writer.write(folder, number % 250 + 1)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)  # not the parent's clean-up
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "the writer failed by itself"


def kill_often(name, writer, folder, count):
    """Return a line that says what was found after so many kills; raises at a broken file."""
    with tempfile.TemporaryDirectory() as elsewhere:  # a child has no time for imports
        writer.write(Path(elsewhere), 1)
    draw = random.Random(name)
    first, found, hits, most = 0, 0, 0, 0
    for _ in range(count):
        killed(writer, folder, first, draw.uniform(0, LONGEST))
        left = list(folder.glob(".digitnet-*.tmp"))
        hits, most = hits + bool(left), max(most, len(left))
        try:
            first = int(writer.read(folder))
            found += 1
        except FileNotFoundError:
            assert found == 0, "the file is gone"
    child = os.fork()  # another process, which writes to the end, sweeps up
    if child == 0:
        writer.write(folder, 3)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert writer.read(folder) == 3
    names = [path.name for path in folder.iterdir()]
    assert len(names) == 1, names
    assert most <= 1
    return (
        f"{name}: {count} kills, {found} whole files and no broken one; {hits} kills left a "
        f"temporary file, at most {most} at a time, and 0 after the next write"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000, help="kills, of all writers together")
    parser.add_argument("--only", choices=NAMES, help="kill this writer alone")
    args = parser.parse_args()
    names = []
    for name in [args.only] if args.only else NAMES:
        if lacks(name):
            print(f"{name}: skipped, {lacks(name)}")
        else:
            names.append(name)
    for i, name in enumerate(names):
        share = args.count * (i + 1) // len(names) - args.count * i // len(names)
        with tempfile.TemporaryDirectory() as folder, writer_of(name) as writer:
            print(kill_often(name, writer, Path(folder), share), flush=True)


@pytest.mark.parametrize("name", NAMES)
def test_killed_writers(name):
    if lacks(name):
        pytest.skip(lacks(name))
    done = subprocess.run(
        [sys.executable, __file__, "--count", "4", "--only", name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{name}: 4 kills, ")


if __name__ == "__main__":
    main()
