"""Writing a file in one step: the old content or the new one, and nothing left behind."""

import os
import stat
import subprocess
import sys

import pytest

from digitnet.utils import temporary
from digitnet.utils.atomic import atomic_file, atomic_write


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(b"old")

    def interrupted_write():
        with atomic_file(path) as file:
            file.write(b"half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_write()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["data"]


def test_atomic_write_replaces_the_content(tmp_path):
    path = tmp_path / "a"
    for data in (b"first", bytearray(b"second, longer"), memoryview(b"3")):
        atomic_write(path, data)
        assert path.read_bytes() == bytes(data)
    assert os.listdir(tmp_path) == ["a"]


def test_atomic_write_refuses_folders_and_devices(tmp_path):
    with pytest.raises(IsADirectoryError, match="Received: a folder"):
        atomic_write(tmp_path, b"")
    if os.path.exists("/dev/null"):
        with pytest.raises(OSError, match="Received: a device"):
            atomic_write("/dev/null", b"")


@pytest.mark.skipif(sys.platform == "win32", reason="permissions and links of POSIX")
def test_atomic_write_keeps_permissions_and_links(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(b"old")
    path.chmod(0o600)
    link = tmp_path / "link"
    link.symlink_to(path)
    atomic_write(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    umask = os.umask(0)
    os.umask(umask)
    atomic_write(tmp_path / "fresh", b"")
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o666 & ~umask


HALF = "\n".join(
    [
        "import os, sys",
        "from digitnet.utils.atomic import atomic_file",
        "with atomic_file(sys.argv[1]) as file:",
        "    file.write(b'half of the n')",
        "    print('written', flush=True)",
        "    if sys.stdin.readline() == 'die\\n':",
        "        os._exit(3)",
    ]
)


@pytest.mark.skipif(sys.platform == "win32", reason="waits a day there")
def test_temporary_files_of_ended_processes_go_and_others_stay(tmp_path):
    def left():
        return sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".tmp")

    command = [sys.executable, "-c", HALF, str(tmp_path / "a")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as dying, subprocess.Popen(command, **pipes) as other:
        assert dying.stdout.readline() == other.stdout.readline() == "written\n"
        assert len(left()) == 2
        dying.communicate("die\n")
        atomic_write(tmp_path / "b", b"new")
        assert len(left()) == 1  # of the one at work
        other.communicate("go on\n")
        assert other.returncode == 0
    assert (tmp_path / "a").read_bytes() == b"half of the n"
    names = ["a", "b", ".digitnet-mine.tmp", ".digitnet-0123456789ABCDEF.tmp", "x.tmp"]
    for name in names[2:]:  # somebody else's, if alike
        (tmp_path / name).write_bytes(b"")
    (tmp_path / ".digitnet-0123456789abcdef.tmp").write_bytes(b"")
    temporary._swept.clear()
    atomic_write(tmp_path / "b", b"newer")
    assert sorted(os.listdir(tmp_path)) == sorted(names)


@pytest.mark.skipif(not temporary.LOCKS, reason="needs locks")
def test_a_file_that_is_swept_away_before_it_is_locked_is_made_anew(tmp_path, monkeypatch):
    lock, swept = temporary.fcntl.flock, []

    def late(descriptor, operation):
        if not swept:
            swept.extend(tmp_path.glob("*.tmp"))
            swept[0].unlink()
        lock(descriptor, operation)

    monkeypatch.setattr(temporary.fcntl, "flock", late)
    atomic_write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert len(swept) == 1
