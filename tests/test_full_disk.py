"""A full disk, or a folder that may not be written: a clear error, and the old file stays."""

import contextlib
import errno
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from digitnet.callbacks import CSVLogger, LambdaCallback
from writers import REPLACED, WRITERS, fit, lacks, model_of, writer_of

resource = pytest.importorskip("resource", reason="limits of Unix")


@contextlib.contextmanager
def disk_full(most=20_000):
    """Refuse to write beyond so many bytes of a file, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))  # Python ignores its signal
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def as_nobody():
    """Give up the rights of root, who may write anywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def folder():
    """Return a folder that others may read, unlike pytest's."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o777)
    yield path
    path.chmod(0o777)
    shutil.rmtree(path)


@pytest.fixture
def writer(request):
    if lacks(request.param):
        pytest.skip(lacks(request.param))
    with writer_of(request.param) as writer:
        yield writer


def fill(path, space):
    """Fill the disk with a file, but for so many bytes at most."""
    size = 0
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
        for _ in range(1024):  # 4 MB: not all of another disk, should this be one
            size += file.write(bytes(4096))
    os.truncate(path, size - space // 4096 * 4096)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("writer", REPLACED, indirect=True)
def test_a_full_disk_leaves_the_old_file(folder, writer):
    writer.write(folder, 3)
    before = contents(folder)
    limit = 90 if "data.gz" in before else 20_000  # it is small
    assert len(before) == 1
    assert len(*before.values()) > limit
    with (
        disk_full(limit),
        pytest.raises(OSError, match=r"cannot write the file: File too large: '.*'$") as caught,
    ):
        writer.write(folder, 4)
    assert caught.value.errno == errno.EFBIG
    assert caught.value.filename == str(folder / next(iter(before)))
    assert contents(folder) == before
    writer.write(folder, 5)  # there is space again
    assert contents(folder) != before
    assert len(contents(folder)) == 1


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of Unix")
@pytest.mark.parametrize("writer", REPLACED, indirect=True)
def test_a_read_only_folder_leaves_the_old_file(folder, writer):
    writer.write(folder, 3)
    before = contents(folder)
    folder.chmod(0o555)
    with (
        as_nobody(),
        pytest.raises(PermissionError, match=r"cannot write in the folder: .* denied") as caught,
    ):
        writer.write(folder, 4)
    assert caught.value.filename == str(folder)
    assert contents(folder) == before


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root may mount")
@pytest.mark.parametrize("writer", REPLACED, indirect=True)
def test_a_disk_that_is_really_full(folder, writer):
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mount is refused here")
    try:
        writer.write(folder, 3)
        (path,) = folder.iterdir()
        space = path.stat().st_size // 2  # for a part of the new file, or for nothing
        fill(folder / "ballast", space)
        before = contents(folder)
        with pytest.raises(OSError, match="cannot write the file: No space left on device: ") as e:
            writer.write(folder, 4)
        assert e.value.errno == errno.ENOSPC
        assert e.value.filename == str(path)
        assert contents(folder) == before
        (folder / "ballast").unlink()
        writer.write(folder, 5)  # there is space again
        assert contents(folder).keys() == {path.name}
        assert path.read_bytes() != before[path.name]
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("space", [0, 5])  # 5: for a part of the row
def test_the_log_goes_on_when_there_is_space_again(folder, space):
    path, limits, before = folder / "log.csv", contextlib.ExitStack(), []

    def fill(epoch, logs):
        if epoch == 2:
            before.append(path.read_bytes())
            limits.enter_context(disk_full(len(before[0]) + space))

    callbacks = [LambdaCallback(on_epoch_begin=fill), CSVLogger(path)]
    with (
        limits,
        pytest.raises(OSError, match=r"cannot write the file: File too large: '.*log\.csv'$") as e,
    ):
        fit(model_of(0), callbacks, epochs=4)
    assert e.value.errno == errno.EFBIG
    assert [path.read_bytes()] == before
    assert WRITERS["CSVLogger"].read(folder) == 2
    fit(model_of(0), CSVLogger(path, append=True), epochs=4, initial_epoch=2)
    assert WRITERS["CSVLogger"].read(folder) == 4


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of Unix")
def test_a_log_that_may_not_be_written(folder):
    path, model = folder / "log.csv", model_of(0)
    fit(model, CSVLogger(path), epochs=3)
    before = contents(folder)
    path.chmod(0o444)
    folder.chmod(0o555)
    for refused in (path, folder / "new.csv"):
        with (
            as_nobody(),
            pytest.raises(PermissionError, match="cannot write the file: Permission den") as caught,
        ):
            fit(model, CSVLogger(refused), epochs=4)
        assert caught.value.filename == str(refused)
    assert contents(folder) == before
    assert model.optimizer.iterations == 3
