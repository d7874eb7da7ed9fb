"""The file that BackupAndRestore keeps: when it goes, and what is refused."""

import pytest

import training_cases
from digitnet import saving
from digitnet.callbacks import (
    BackupAndRestore,
    EarlyStopping,
    LambdaCallback,
    ReduceLROnPlateau,
)
from digitnet.optimizers import Adam
from training_cases import Fails, Stop, fit, model_of, state_of


def interrupted(folder, save_freq="epoch"):
    with pytest.raises(Stop):
        fit(model_of(), [BackupAndRestore(folder, save_freq), Fails("on_train_batch_begin", 2, 3)])
    return folder / "backup.safetensors"


def test_the_file_goes_when_the_training_is_done_and_nothing_else_does(tmp_path):
    interrupted(tmp_path / "a")
    (tmp_path / "a" / "mine.txt").write_text("keep")
    fit(model_of(), [BackupAndRestore(tmp_path / "a")])
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["mine.txt"]
    kept = BackupAndRestore(tmp_path / "b", delete_checkpoint=False)
    fit(model_of(), [kept])
    model = model_of(3)
    assert fit(model, [kept], epochs=6).epoch == []  # all is done
    assert fit(model, [kept], epochs=8).epoch == [6, 7]
    whole = model_of()
    fit(whole, [], epochs=8)
    assert state_of(model) == state_of(whole)


def test_a_damaged_or_foreign_backup_is_refused_and_nothing_is_changed(tmp_path):
    path = interrupted(tmp_path, 3)
    good = path.read_bytes()
    file = saving.read(path)
    place = file.settings["fit"]

    def with_place(**changes):
        saving.write(path, {**file.settings, "fit": {**place, **changes}}, file.tensors)

    def refused(sentence, model=None, **kwargs):
        model = model or model_of(8)
        before = state_of(model)
        with pytest.raises(ValueError, match=sentence):
            fit(model, [BackupAndRestore(tmp_path, 3)], **kwargs)
        assert state_of(model) == before

    for cut in (0, 5, 100, len(good) - 1):
        path.write_bytes(good[:cut])
        refused("backup.safetensors is damaged, or holds no model that digitnet can load")
    model_of().save(path)
    refused("backup.safetensors is no backup of this training: it holds a model, but no place")
    for changes in ({"epoch": -1}, {"step": "one"}, {"done": 2.5}, {"samples": None}):
        with_place(**changes)
        refused("backup.safetensors is no backup of this training: ")
    with_place(sums=[1.0])
    refused("it must hold a sum for the loss and for each metric")
    with_place(callbacks=[["EarlyStopping", {"best": {"arrays": 1}}]])
    with pytest.raises(ValueError, match="is no backup of this training"):
        fit(model_of(), [BackupAndRestore(tmp_path, 3), EarlyStopping("loss")])
    with_place(more=1)
    refused("it holds no place in a training")
    path.write_bytes(good)
    refused("its metrics are not what compile was given", model_of(metrics=[]))
    refused(r"\[samples, batch_size, batches\] must be as they were", source="list")
    for epochs in (1, 2):  # the place is in the third
        refused(f"epochs must be at least 3, so many are begun in .*: {epochs}$", epochs=epochs)
    assert path.read_bytes() == good
    fit(model_of(8), [BackupAndRestore(tmp_path, 3)])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"step": 9**9}, "step must be at most"),
        ({"done": 9**9}, "done must be at most"),
        (
            {"step": 0, "samples": 0, "done": 4},
            "an epoch cannot begin after all 4 batches of a pass",
        ),
        ({"samples": 0}, "steps of an epoch cannot have had 0 samples"),
        ({"sums": ["1", [], {}]}, "sums must be numbers"),
        ({"sums": 3}, "sums must be a list. Received: 3$"),
        ({"sums": [{"float": "1"}]}, "a state's values must be None, .* Received: {'float': '1'}$"),
        ({"callbacks": 3}, "callbacks must be a list. Received: 3$"),
        ({"callbacks": {}}, "callbacks must be a list. Received: {}$"),
        ({"callbacks": [3]}, "callbacks must hold names with states. Received: 3$"),
        ({"callbacks": [["A"]]}, r"callbacks must hold names with states. Received: \['A'\]$"),
        (
            {"callbacks": [["A", 3]]},
            r"callbacks must hold names with states. Received: \['A', 3\]$",
        ),
        ({"callbacks": [[3, {}]]}, r"callbacks must hold names with states. Received: \[3, {}\]$"),
    ],
)
def test_a_place_that_makes_no_sense(tmp_path, change, sentence):
    """Found by fuzzing: some of these ended in the middle of the training, some in other errors."""
    path = interrupted(tmp_path, 3)
    file = saving.read(path)
    place = {**file.settings["fit"], **change}
    saving.write(path, {**file.settings, "fit": place}, file.tensors)
    model = model_of(8)
    before = state_of(model)
    with pytest.raises(ValueError, match=f"is no backup of this training: .*{sentence}"):
        fit(model, [BackupAndRestore(tmp_path, 3)])
    assert state_of(model) == before


@pytest.mark.parametrize("compiled", [None, 3, [], {}, {"loss": 1, "metrics": 2}])
def test_compile_settings_of_another_form(tmp_path, compiled):
    path = interrupted(tmp_path)
    settings, tensors = saving.read(path)
    saving.write(path, {**settings, "compile": compiled}, tensors)
    model = model_of(8)
    before = state_of(model)
    with pytest.raises(ValueError, match=r"training: compile must hold optimizer, loss, metrics\."):
        fit(model, [BackupAndRestore(tmp_path)])
    assert state_of(model) == before


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({}, "a state's values must be None, a bool, .* Received: {}$"),
        ({"arrays": 1, "b": 2}, "a state's values must be None, a bool, .* Received: {'arrays'"),
        ({"arrays": 1}, "callbacks.0.best.0 is missing$"),
    ],
)
def test_values_of_callbacks_of_another_form(tmp_path, value, sentence):
    path = interrupted(tmp_path)
    settings, tensors = saving.read(path)
    settings["fit"]["callbacks"] = [["EarlyStopping", {"best": value}]]
    saving.write(path, settings, tensors)
    with pytest.raises(ValueError, match=f"is no backup of this training: {sentence}"):
        fit(model_of(8), [EarlyStopping("loss"), BackupAndRestore(tmp_path)])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("EarlyStopping", {"best": "low"}),
        ("EarlyStopping", {"wait": None}),
        ("EarlyStopping", {"weights": {"arrays": 1}}),
        ("ReduceLROnPlateau", {"best": [1]}),
        ("ReduceLROnPlateau", {"cooldown": -1}),
        ("ReduceLROnPlateau", {"wait": None}),
    ],
)
def test_states_of_callbacks_are_taken_all_or_none(tmp_path, name, change):
    """EarlyStopping restored the weights of a backup that was refused for another callback."""

    def callbacks():
        stop = EarlyStopping("loss", restore_best_weights=True)
        return [stop, ReduceLROnPlateau("loss"), BackupAndRestore(tmp_path)]

    with pytest.raises(Stop):
        fit(model_of(), [*callbacks(), Fails("on_train_batch_begin", 2, 3)])
    path = tmp_path / "backup.safetensors"
    file = saving.read(path)
    for callback, state in file.settings["fit"]["callbacks"]:
        if callback == name:
            state |= change
    saving.write(path, file.settings, file.tensors)
    model, given = model_of(8), callbacks()
    before = state_of(model)
    with pytest.raises(ValueError, match="is no backup of this training: "):
        fit(model, given)
    assert state_of(model) == before
    assert (given[0].best, given[0].best_weights, given[1].best) == (None, None, None)


@pytest.mark.parametrize("best", [0.5, "low"])
def test_slots_and_states_of_callbacks_are_taken_all_or_none(tmp_path, best):
    """Slots came last: weights, learning rate and callbacks were those of the backup by then."""

    def model_of_adam(seed, rate):
        model = model_of(seed)
        model.compile(Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        fit(model, [], epochs=1)  # so that it has slots of its own
        return model

    callbacks = [EarlyStopping("loss"), BackupAndRestore(tmp_path)]
    with pytest.raises(Stop):
        fit(model_of_adam(5, 0.001), [*callbacks, Fails("on_train_batch_begin", 2, 3)])
    path = tmp_path / "backup.safetensors"
    settings, tensors = saving.read(path)
    settings["fit"]["callbacks"][0][1]["best"] = best
    if best == 0.5:
        tensors["v.layers.0.kernel"][2, 3] = -1
    saving.write(path, settings, tensors)
    model, stopping = model_of_adam(8, 0.5), EarlyStopping("loss")
    before = state_of(model)
    sentence = "slot v must not be negative" if best == 0.5 else "best must be a number"
    with pytest.raises(ValueError, match=f"safetensors is no backup of this training: {sentence}"):
        fit(model, [stopping, BackupAndRestore(tmp_path)])
    assert state_of(model) == before
    assert stopping.best is None


def test_weights_that_are_not_finite_leave_the_last_backup(tmp_path):
    def spoil(epoch, logs):
        if epoch == 1:
            model.optimizer.learning_rate = 1e38

    model = model_of()
    spoiler = LambdaCallback(on_epoch_end=spoil)
    with (
        pytest.warns(
            UserWarning, match="BackupAndRestore did not write a backup: .* must be finite"
        ) as caught,
        pytest.raises(Stop),
    ):
        fit(model, [spoiler, BackupAndRestore(tmp_path), Fails("on_epoch_begin", 4)])
    assert caught[0].filename == training_cases.__file__  # which calls fit
    assert saving.read(tmp_path / "backup.safetensors").settings["fit"]["epoch"] == 2


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: BackupAndRestore(""), ValueError, "backup_dir must not be empty"),
        (lambda: BackupAndRestore(3), TypeError, "backup_dir must be a path. Received: 3"),
        (
            lambda: BackupAndRestore("b", "batch"),
            ValueError,
            "save_freq must be 'epoch' or a numbe",
        ),
        (lambda: BackupAndRestore("b", 0), ValueError, "save_freq must be a positive integer"),
        (lambda: BackupAndRestore("b", False), TypeError, "save_freq must be a positive integer"),
        (
            lambda: BackupAndRestore("b", delete_checkpoint=1),
            TypeError,
            "delete_checkpoint must be",
        ),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        fit(model_of(), [BackupAndRestore(tmp_path / "file" / "b")])
