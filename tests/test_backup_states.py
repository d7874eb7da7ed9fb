"""What a callback's `get_state` may return: it comes back from a backup, or is refused at once."""

import math

import numpy as np
import pytest

from digitnet.callbacks import (
    BackupAndRestore,
    Callback,
    CallbackList,
    EarlyStopping,
    LambdaCallback,
)
from training_cases import Fails, Stop, fit, model_of, state_of


class Keeper(Callback):
    """Has a state that is given."""

    def __init__(self, state):
        super().__init__()
        self.state = state
        self.taken = None

    def get_state(self):
        return self.state

    def set_state(self, state):
        self.taken = state


def interrupted(folder, *callbacks):
    with pytest.raises(Stop):
        fit(model_of(), [*callbacks, BackupAndRestore(folder), Fails("on_epoch_begin", 2)])


def resumed(folder, *callbacks):
    fit(model_of(), [*callbacks, BackupAndRestore(folder)])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (0.1, 0.1),
        ("warm", "warm"),
        (math.inf, math.inf),
        ([], []),
        (["a", "b"], ["a", "b"]),
        ([1, 2.5, None, -math.inf], [1, 2.5, None, -math.inf]),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.bool_(True), True),
        ([np.float32(0.5), np.uint8(7)], [0.5, 7]),
    ],
)
def test_what_comes_back(tmp_path, value, expected):
    interrupted(tmp_path, Keeper({"a": value}))
    keeper = Keeper({})
    resumed(tmp_path, keeper)
    assert keeper.taken == {"a": expected}
    assert type(keeper.taken["a"]) is type(expected)


def test_nan_and_arrays_come_back(tmp_path):
    arrays = [np.arange(6, dtype=np.float32).reshape(2, 3).T, np.ones(1, np.float32)]
    interrupted(tmp_path, Keeper({"a.b": arrays, "nan": math.nan, "list": [math.nan, 1]}))
    keeper = Keeper({})
    resumed(tmp_path, keeper)
    np.testing.assert_equal(keeper.taken, {"a.b": arrays, "nan": math.nan, "list": [math.nan, 1]})


@pytest.mark.parametrize(
    ("value", "received"),
    [
        (np.ones(3, np.float32), r"array\(.*\(float32 array\)"),
        ([np.arange(3.0)], r"\[array.*\(list of float64 array\)"),
        ([np.ones(1, np.float32), 3], r"\[array.*\(list of float32 array, int\)"),
        ({"b": 3}, r"\{'b': 3\} \(dict\)"),
        ((1, 2), r"\(1, 2\) \(tuple\)"),
        ([[1]], r"\[\[1\]\] \(list of list\)"),
        (1j, r"1j \(complex\)"),
        (b"a", r"b'a' \(bytes\)"),
    ],
)
def test_other_kinds_are_refused_when_the_backup_is_written(tmp_path, value, received):
    """Some were written to a file that could not be read; others ended in json's TypeError."""
    sentence = f"what get_state of Keeper returns for 'a' must be None, a bool, .*: {received}$"
    with pytest.raises(TypeError, match=sentence):
        resumed(tmp_path, Keeper({"a": value}))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("state", [None, 3, {1: 2}])
def test_a_state_is_a_dict_of_names(tmp_path, state):
    with pytest.raises(TypeError, match="get_state of Keeper must return a dict with strings as"):
        resumed(tmp_path, Keeper(state))


def test_callbacks_in_a_list_of_their_own_go_on(tmp_path):
    interrupted(tmp_path, Keeper({"a": 1}), CallbackList([Keeper({"a": 2}), Keeper({"a": 3})]))
    keepers = [Keeper({}) for _ in range(3)]
    resumed(tmp_path, keepers[0], CallbackList(keepers[1:]))
    assert [keeper.taken for keeper in keepers] == [{"a": 1}, {"a": 2}, {"a": 3}]


def scoring(score):
    def log(epoch, logs):
        logs["f1"] = score(epoch)

    return LambdaCallback(on_epoch_end=log)


def test_a_numpy_scalar_in_the_logs_can_be_watched_and_backed_up(tmp_path):
    def callbacks():
        return scoring(np.float32), EarlyStopping("f1", mode="max", restore_best_weights=True)

    whole, model, stopping = model_of(), model_of(8), callbacks()
    fit(whole, callbacks())
    interrupted(tmp_path, *callbacks())
    fit(model, [*stopping, BackupAndRestore(tmp_path)])
    assert state_of(model) == state_of(whole)
    assert (type(stopping[1].best), stopping[1].best) == (float, 5.0)


def test_what_is_watched_must_be_a_number():
    with pytest.raises(TypeError, match=r"^f1 in the logs must be a number\. Received: \[1\]$"):
        fit(model_of(), [scoring(lambda epoch: [1]), EarlyStopping("f1", mode="max")])
