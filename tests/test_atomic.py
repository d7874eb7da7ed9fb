"""Writing a file in one step: the old content or the new one, and nothing left behind."""

import os
import stat
import sys

import pytest

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
