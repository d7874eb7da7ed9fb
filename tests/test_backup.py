"""BackupAndRestore: interrupted and resumed, a training gives what it gives uninterrupted."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from digitnet import saving
from digitnet.callbacks import (
    BackupAndRestore,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
)
from training_cases import BATCH, STEPS, Fails, Stop, X, Y, fit, model_of, state_of


@pytest.mark.parametrize("source", ["arrays", "list", "loader"])
@pytest.mark.parametrize("steps", [None, 2])  # 2: two epochs for a pass
@pytest.mark.parametrize(
    ("save_freq", "hook", "numbers"),
    [
        ("epoch", "on_epoch_begin", [3]),
        ("epoch", "on_epoch_end", [3]),  # before the backup of that epoch
        ("epoch", "on_train_batch_end", [2, 1]),
        (1, "on_train_batch_end", [2, 0]),
        (2, "on_train_batch_begin", [2, 2]),
        (3, "on_epoch_begin", [4]),
        (5, "on_train_batch_end", [3, 1]),
        (4, "on_epoch_begin", [3]),  # the backup is that after an epoch's last batch
    ],
)
def test_resumed_as_if_it_had_not_been_interrupted(
    tmp_path, source, steps, save_freq, hook, numbers
):
    kwargs = {"source": source, "steps_per_epoch": steps}
    whole = model_of()
    counted = LambdaCallback(on_train_batch_end=lambda batch, logs: None)  # batch by batch, too
    expected = fit(whole, [counted], **kwargs).history
    if steps and len(numbers) == 2:
        numbers = [numbers[0], numbers[1] % steps]
    with pytest.raises(Stop):
        fit(
            model_of(),
            [BackupAndRestore(tmp_path / "b", save_freq), Fails(hook, *numbers)],
            **kwargs,
        )
    resumed = model_of(seed=77, rate=0.3)  # another process: other weights, other random streams
    history = fit(resumed, [counted, BackupAndRestore(tmp_path / "b", save_freq)], **kwargs)
    assert state_of(resumed) == state_of(whole)
    assert 0 < len(history.epoch) < 6
    for name, values in expected.items():
        assert history.history[name] == values[-len(history.epoch) :]
    assert not (tmp_path / "b").exists()
    fit(whole, [], epochs=2)  # what follows is the same, too
    fit(resumed, [], epochs=2)
    assert state_of(resumed) == state_of(whole)


@pytest.mark.parametrize("save_freq", ["epoch", 3])
def test_the_other_callbacks_go_on_too(tmp_path, save_freq):
    def callbacks(folder):
        return [
            BackupAndRestore(folder / "backup", save_freq),  # first, and yet called last
            ReduceLROnPlateau("loss", patience=1, factor=0.7, min_delta=0.05, cooldown=1),
            LearningRateScheduler(lambda epoch, rate: rate * 0.9),
            EarlyStopping("val_loss", patience=4, restore_best_weights=True),
            ModelCheckpoint(folder / "best.safetensors", save_best_only=True),
            CSVLogger(folder / "log.csv"),
            ModelCheckpoint(folder / "{epoch}-{batch}.safetensors", save_freq=7),
        ]

    whole, results = model_of(rate=0.4), {}
    (tmp_path / "whole").mkdir()
    fit(whole, callbacks(tmp_path / "whole"), epochs=20)
    folder = tmp_path / "parts"
    folder.mkdir()
    for seed, stop in ((5, [4, 2]), (9, [7, 0]), (10, [9, 3])):
        with pytest.raises(Stop):
            fit(
                model_of(seed, 0.4),
                [*callbacks(folder), Fails("on_train_batch_end", *stop)],
                epochs=20,
            )
    resumed = model_of(11)
    fit(resumed, callbacks(folder), epochs=20)
    assert state_of(resumed) == state_of(whole)
    for name in ("whole", "parts"):
        files = sorted((tmp_path / name).iterdir())
        results[name] = {file.name: file.read_bytes() for file in files}
    assert sorted(results["parts"]) == sorted(results["whole"])
    log = [results[name].pop("log.csv").decode() for name in ("whole", "parts")]
    whole_rows, rows = (np.genfromtxt(text.splitlines()[1:], delimiter=",") for text in log)
    np.testing.assert_allclose(rows, whole_rows, rtol=1e-14)
    assert log[0].splitlines()[0] == log[1].splitlines()[0]
    assert results["parts"] == results["whole"]


def test_a_training_that_was_about_to_stop_does_not_go_on(tmp_path):
    def end(epoch, logs):
        stopper.model.stop_training = epoch == 2

    stopper = LambdaCallback(on_epoch_end=end)

    def fail(logs):
        raise Stop

    backup = BackupAndRestore(tmp_path)
    with pytest.raises(Stop):
        fit(model_of(), [stopper, LambdaCallback(on_train_end=fail), backup])
    resumed = model_of()
    assert fit(resumed, [BackupAndRestore(tmp_path)]).epoch == []
    assert resumed.optimizer.iterations == 3 * STEPS


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_a_killed_process(tmp_path):
    """SIGKILL while the training runs: the next process takes it up, to the same end."""
    program = textwrap.dedent(f"""
        import sys
        sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}
        from digitnet.callbacks import BackupAndRestore, LambdaCallback
        from training_cases import data_of, model_of
        model, (x, y) = model_of(int(sys.argv[1])), data_of()
        say = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, flush=True))
        model.fit(x, y, batch_size=16, epochs=int(sys.argv[2]), verbose=0,
                  callbacks=[BackupAndRestore({str(tmp_path / "b")!r}, 3), say])
        model.save({str(tmp_path / "m.safetensors")!r})
    """)
    endless = subprocess.Popen(
        [sys.executable, "-c", program, "5", "1000000"], stdout=subprocess.PIPE, text=True
    )
    for _ in range(5):
        endless.stdout.readline()
    endless.send_signal(signal.SIGKILL)
    endless.wait()
    endless.stdout.close()
    place = saving.read(tmp_path / "b" / "backup.safetensors").settings["fit"]
    assert place["epoch"] >= 4
    epochs = place["epoch"] + 3
    subprocess.run(
        [sys.executable, "-c", program, "6", str(epochs)], check=True, capture_output=True
    )
    whole = model_of()
    whole.fit(X, Y, batch_size=BATCH, epochs=epochs, verbose=0)
    whole.save(tmp_path / "whole.safetensors")
    assert (tmp_path / "m.safetensors").read_bytes() == (
        tmp_path / "whole.safetensors"
    ).read_bytes()
