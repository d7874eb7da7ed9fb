"""CSVLogger: which rows are written, when, and into what."""

import csv
import os
import threading

import pytest

from digitnet.callbacks import BackupAndRestore, Callback, CSVLogger, LambdaCallback
from training_cases import BATCH, Fails, Stop, data_of, model_of

X, Y = data_of()


def fit(model, callbacks, **kwargs):
    return model.fit(
        X, Y, batch_size=BATCH, verbose=0, callbacks=callbacks, validation_data=(X, Y), **kwargs
    )


def rows(path, delimiter=","):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file, delimiter=delimiter))


def test_a_row_for_every_epoch(tmp_path):
    path = tmp_path / "new" / "log.csv"
    history = fit(model_of(), [CSVLogger(path, separator=";")], epochs=3).history
    header, *values = rows(path, ";")
    assert header == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    for epoch, row in enumerate(values):
        assert row[0] == str(epoch)
        assert [float(value) for value in row[1:]] == [history[name][epoch] for name in header[1:]]


def test_each_row_is_in_the_file_when_the_epoch_is_over(tmp_path):
    path, seen = tmp_path / "log.csv", []

    class Reads(Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(len(rows(path)))
            if epoch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(model_of(), [CSVLogger(path), Reads()], epochs=9)
    assert seen == [2, 3, 4]


def test_append_or_replace(tmp_path):
    path = tmp_path / "log.csv"
    fit(model_of(), [CSVLogger(path)], epochs=2)
    model_of().fit(X, Y, verbose=0, callbacks=[CSVLogger(path, append=True)])
    kept = rows(path)
    assert [row[0] for row in kept] == ["epoch", "0", "1", "0"]
    assert kept[-1][3:] == ["NA", "NA"]  # the header of the first training counts
    logger = CSVLogger(path)
    for _ in range(2):  # the same object in two trainings
        model_of().fit(X, Y, verbose=0, callbacks=[logger])
        assert rows(path)[0] == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
        assert len(rows(path)) == 2


def test_a_training_that_does_not_begin_leaves_the_old_file(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("old\n")
    with pytest.raises(ZeroDivisionError):
        fit(model_of(), [CSVLogger(path), LambdaCallback(on_epoch_begin=lambda e, logs: 1 / e)])
    assert path.read_text() == "old\n"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: CSVLogger(3), TypeError, "filename must be a path. Received: 3"),
        (lambda: CSVLogger(""), TypeError, "filename must be a path. Received: ''"),
        (lambda: CSVLogger("a", ", "), ValueError, "separator must be one character"),
        (lambda: CSVLogger("a", append=1), TypeError, "append must be True or False"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_log_that_cannot_be_written_is_an_error_before_the_first_step(tmp_path):
    model = model_of()
    with pytest.raises(OSError, match=str(tmp_path.name)):
        fit(model, [CSVLogger(tmp_path)])
    assert model.optimizer.iterations == 0


def test_who_has_the_file_open_sees_every_row(tmp_path):
    """As ``tail -f`` does, which waits at the end of the file that it has opened."""
    path, seen = tmp_path / "log.csv", []
    fit(model_of(), [CSVLogger(path)])
    with path.open("rb") as watched:
        watched.seek(0, os.SEEK_END)
        tail = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(watched.read()))
        fit(model_of(), [CSVLogger(path, append=True), tail], epochs=3)
    assert [row[:2] for row in seen] == [b"0,", b"1,", b"2,"]
    assert all(row.endswith(b"\r\n") for row in seen)


def test_a_row_is_one_write_however_long_the_log_is(tmp_path, monkeypatch):
    path, written, write = tmp_path / "log.csv", [], os.write

    def recorded(descriptor, data):
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            written.append(bytes(data))
        return write(descriptor, data)

    path.write_bytes(b"epoch,loss\n" + b"0,1.0\n" * 10_000)
    before = path.stat().st_size
    monkeypatch.setattr(os, "write", recorded)
    fit(model_of(), [CSVLogger(path, append=True)], epochs=2)
    assert [row[:2] for row in written] == [b"0,", b"1,"]
    assert path.stat().st_size == before + sum(map(len, written))
    written.clear()
    fit(model_of(), [CSVLogger(path)], epochs=2)
    assert [row.count(b"\n") for row in written] == [2, 1]  # the header with the first


def test_a_last_line_without_an_end_gets_one(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss\n0,10")
    fit(model_of(), [CSVLogger(path, append=True)], epochs=2)
    header, first, *others = path.read_text().splitlines()
    assert [header, first] == ["epoch,loss", "0,10"]
    assert [row.split(",")[0] for row in others] == ["0", "1"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of Unix")
def test_a_pipe(tmp_path):
    path, lines = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: lines.extend(path.read_text().splitlines()))
    reader.start()
    fit(model_of(), [CSVLogger(path)], epochs=3)
    reader.join(60)
    assert [line.split(",")[0] for line in lines] == ["epoch", "0", "1", "2"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize("append", [False, True])
def test_a_device(append):
    model = model_of()
    fit(model, [CSVLogger(os.devnull, append=append)], epochs=2)
    assert model.optimizer.iterations == 8
    with pytest.raises(OSError, match="cannot write the file: No space left on device: '/dev/full"):
        fit(model, [CSVLogger("/dev/full", append=append)])


def test_a_torn_row_goes_when_the_training_goes_on(tmp_path):
    path = tmp_path / "log.csv"

    def callbacks():
        return [BackupAndRestore(tmp_path / "backup"), CSVLogger(path)]

    with pytest.raises(Stop):
        fit(model_of(), [*callbacks(), Fails("on_epoch_begin", 2)], epochs=4)
    kept = path.read_bytes()
    path.write_bytes(kept + b"2,0.12")  # the power fails in the middle of the next
    fit(model_of(), callbacks(), epochs=4)
    assert path.read_bytes().startswith(kept)
    assert [row[0] for row in rows(path)] == ["epoch", "0", "1", "2", "3"]
    assert {len(row) for row in rows(path)} == {5}
