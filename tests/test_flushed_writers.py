"""A power cut: every writer flushes its file before it renames it, and then the folder.

SIGKILL does not show this, as the system writes to the disk in the end what a process has written.
"""

import os
import stat

import pytest

from writers import REPLACED, WRITERS, lacks, writer_of

pytestmark = pytest.mark.skipif(os.name == "nt", reason="folders cannot be flushed on Windows")


@pytest.fixture
def steps(monkeypatch):
    """Return the list of what is flushed, with the size of a file, and renamed."""
    done, fsync, replace = [], os.fsync, os.replace

    def flushed(descriptor):
        status = os.fstat(descriptor)
        done.append("folder" if stat.S_ISDIR(status.st_mode) else status.st_size)
        fsync(descriptor)

    def renamed(source, target):
        assert os.path.dirname(source) == os.path.dirname(target)
        done.append(os.path.basename(target))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", renamed)
    return done


@pytest.mark.parametrize("name", REPLACED)
def test_file_rename_folder(tmp_path, steps, name):
    if lacks(name):
        pytest.skip(lacks(name))
    folder = tmp_path.resolve()
    with writer_of(name) as writer:
        for number in (3, 4):
            steps.clear()
            writer.write(folder, number)
            (path,) = folder.iterdir()
            assert steps == [path.stat().st_size, path.name, "folder"]  # all its bytes
            assert writer.read(folder) == number


def test_every_row_of_a_log(tmp_path, steps):
    path = tmp_path / "log.csv"
    for number, new in ((3, ["folder"]), (2, [])):
        steps.clear()
        WRITERS["CSVLogger"].write(tmp_path, number)
        lines = path.read_bytes().splitlines(keepends=True)
        rows = [sum(map(len, lines[:end])) for end in range(2, number + 2)]  # the header with one
        assert steps == [*new, *rows]
