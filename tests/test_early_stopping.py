"""EarlyStopping and ReduceLROnPlateau in trainings of digitnet's own."""

import os
import signal
import threading
import time
import warnings

import numpy as np
import pytest

from digitnet.callbacks import (
    Callback,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from digitnet.layers import Dense, Input
from digitnet.metrics import BinaryAccuracy
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from training_cases import BATCH, data_of, model_of

X, Y = data_of()


class Script(Callback):
    """Gives the epochs the values of a list, and notes the weights after each."""

    def __init__(self, values, fail_at=None, error=RuntimeError):
        super().__init__()
        self.values, self.fail_at, self.error = values, fail_at, error
        self.weights = []

    def on_epoch_end(self, epoch, logs=None):
        logs["val_loss"] = self.values[epoch]
        self.weights.append(self.model.get_weights())

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.fail_at:
            raise self.error


def fit(model, callbacks, **kwargs):
    return model.fit(X, Y, batch_size=BATCH, verbose=0, callbacks=callbacks, **kwargs)


def stopping(**kwargs):
    return EarlyStopping(restore_best_weights=True, **kwargs)


# --- the best weights come back, however the training ends


def test_best_weights_after_the_last_epoch():
    model, script = model_of(), Script([3.0, 1.0, 2.0])
    fit(model, [script, stopping(patience=5)], epochs=3)
    np.testing.assert_equal(model.get_weights(), script.weights[1])


def test_best_weights_after_an_early_stop(capsys):
    model, script = model_of(), Script([3.0, 1.0, 2.0, 2.0, 0.0])
    stop = stopping(patience=2, verbose=1)
    history = fit(model, [script, stop], epochs=5)
    assert history.epoch == [0, 1, 2, 3]
    assert (stop.stopped_epoch, stop.best_epoch, stop.best, stop.wait) == (3, 1, 1.0, 2)
    np.testing.assert_equal(model.get_weights(), script.weights[1])
    assert capsys.readouterr().out == (
        "Epoch 4: early stopping\nWeights are those after epoch 2, the best\n"
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
@pytest.mark.parametrize("first", [True, False], ids=["script first", "script last"])
def test_best_weights_after_an_error_in_another_callback(error, first):
    model, script = model_of(), Script([3.0, 1.0, 2.0, 2.0], fail_at=3, error=error)
    callbacks = [script, stopping(patience=9)]
    if not first:  # the logs must be there before: another script gives them
        callbacks = [Script([3.0, 1.0, 2.0, 2.0]), callbacks[1], script]
    with pytest.raises(error):
        fit(model, callbacks, epochs=5)
    np.testing.assert_equal(model.get_weights(), callbacks[0].weights[1])
    assert model.history.epoch == [0, 1, 2]


@pytest.mark.parametrize("hook", ["on_train_end", "on_epoch_end", "on_train_batch_end"])
def test_best_weights_whatever_hook_fails(hook):
    script = Script([3.0, 1.0, 2.0])

    def fail(*args):
        if len(script.weights) == 3:
            raise OSError("disk full")

    model = model_of()
    callbacks = [script, LambdaCallback(**{hook: fail}), stopping(patience=9)]
    with pytest.raises(OSError, match="disk full"):
        fit(model, callbacks, epochs=4 if hook == "on_train_batch_end" else 3)
    np.testing.assert_equal(model.get_weights(), script.weights[1])


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize("hooks", [False, True])
def test_best_weights_after_ctrl_c_within_an_epoch(rng, hooks):
    x, y = rng.random((20000, 200), np.float32), rng.integers(10, size=20000)
    model = Sequential([Input((200,)), Dense(500, "relu"), Dense(10, "softmax")])
    model.compile(SGD(0.001), "sparse_categorical_crossentropy")
    kept = []

    def keep(epoch, logs):
        kept.append(model.get_weights())
        if len(kept) == 1 and not hooks:  # early in an epoch of half a second
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()

    callbacks = [LambdaCallback(on_epoch_end=keep), stopping(monitor="loss", patience=99)]
    if hooks:

        def interrupt(batch, logs):
            if kept and batch == 3:
                signal.raise_signal(signal.SIGINT)

        callbacks.append(LambdaCallback(on_train_batch_end=interrupt))
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, batch_size=1, epochs=10000, verbose=0, callbacks=callbacks)
    assert time.monotonic() - start < 30
    assert model.optimizer.iterations > len(kept) * len(x)  # it came within an epoch
    np.testing.assert_equal(model.get_weights(), kept[callbacks[1].best_epoch])


def test_nothing_is_restored_before_the_first_epoch_is_done():
    model, script, stop = model_of(), Script([1.0]), stopping()
    fit(model, [script, stop])  # leaves best weights behind
    before = model.get_weights()

    class Fails(Callback):
        def on_train_begin(self, logs=None):
            raise RuntimeError("no")

    for callbacks in ([Fails(), stop], [stop, Fails()]):
        with pytest.raises(RuntimeError, match="no"):
            fit(model, callbacks)
        np.testing.assert_equal(model.get_weights(), before)
    with pytest.raises(ZeroDivisionError):
        fit(model, [stop, LambdaCallback(on_train_batch_end=lambda b, logs: 1 / (2 - b))])
    assert model.optimizer.iterations == 4 + 3
    assert any(np.any(w != old) for w, old in zip(model.get_weights(), before, strict=True))


def test_an_error_while_leaving_hides_neither_the_first_one_nor_the_others():
    model, script = model_of(), Script([1.0, 2.0], fail_at=2)

    class Fails(Callback):
        def on_train_interrupted(self, error):
            raise OSError("later")

    with pytest.raises(OSError, match="later") as caught:
        fit(model, [Fails(), script, stopping(patience=9), Fails()], epochs=3)
    chain, error = [], caught.value
    while error is not None:
        chain.append(type(error))
        error = error.__context__
    assert RuntimeError in chain
    np.testing.assert_equal(model.get_weights(), script.weights[0])


# --- what they go by


def test_directions_are_known_of_losses_and_metrics():
    model = model_of(metrics=["accuracy"])
    for monitor, larger in (("loss", False), ("val_loss", False), ("val_accuracy", True)):
        stop = EarlyStopping(monitor)
        stop.set_model(model)
        stop.on_train_begin()
        assert stop.improves(2.0, 1.0) == larger
    named = Sequential([Input((6,)), Dense(1, "sigmoid")])
    named.compile("sgd", "binary_crossentropy", metrics=[BinaryAccuracy("hits"), "mae"])
    for monitor, larger in (("hits", True), ("mae", False)):
        stop = EarlyStopping(monitor)
        stop.set_model(named)
        stop.on_train_begin()
        assert stop.improves(2.0, 1.0) == larger
    before = model.get_weights()
    with pytest.raises(
        ValueError, match=r"mode must be 'min' or 'max' for EarlyStopping with moni"
    ):
        fit(model, [EarlyStopping("learning_rate")])
    np.testing.assert_equal(model.get_weights(), before)
    fit(model, [ReduceLROnPlateau("loss"), EarlyStopping("learning_rate", mode="max")])


def test_a_value_that_is_missing_is_said_once():
    sentence = r"EarlyStopping has nothing to go by: monitor must be one of loss, accuracy. Receiv"
    with pytest.warns(UserWarning, match=sentence) as caught:
        fit(model_of(), [EarlyStopping()], epochs=3)
    assert [warning.filename for warning in caught] == [__file__]


def test_nan_is_never_an_improvement():
    model, script = model_of(), Script([float("nan"), 2.0, float("nan"), float("nan")])
    stop = stopping(patience=2)
    assert fit(model, [script, stop], epochs=9).epoch == [0, 1, 2, 3]
    np.testing.assert_equal(model.get_weights(), script.weights[1])


def test_reduce_lr_on_plateau(capsys):
    model = model_of(rate=0.5)
    reduce = ReduceLROnPlateau(factor=0.5, patience=1, min_lr=0.2, verbose=1)
    history = fit(model, [Script([1.0, 1.0, 1.0, 0.5, 0.6, 0.6]), reduce], epochs=6)
    assert history.history["learning_rate"] == [0.5, 0.5, 0.25, 0.2, 0.2, 0.2]
    assert model.optimizer.learning_rate == 0.2
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 2: learning rate reduced to 0.25",
        "Epoch 3: learning rate reduced to 0.2",
    ]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: EarlyStopping(mode="maximum"),
            ValueError,
            "mode must be one of 'auto', 'min', 'm",
        ),
        (lambda: EarlyStopping(3), TypeError, "monitor must be a string"),
        (lambda: EarlyStopping(patience=-1), ValueError, "patience must be an integer, 0 or more"),
        (lambda: EarlyStopping(min_delta="a"), TypeError, "min_delta must be a finite number"),
        (lambda: EarlyStopping(baseline="a"), TypeError, "baseline must be a finite number"),
        (
            lambda: EarlyStopping(restore_best_weights=1),
            TypeError,
            "restore_best_weights must be T",
        ),
        (
            lambda: EarlyStopping(start_from_epoch=1.5),
            TypeError,
            "start_from_epoch must be an inte",
        ),
        (lambda: ReduceLROnPlateau(factor=1.0), ValueError, "factor must be a number >= 0 and < 1"),
        (lambda: ReduceLROnPlateau(min_lr=-1), ValueError, "min_lr must be a number >= 0"),
        (lambda: ReduceLROnPlateau(cooldown=-1), ValueError, "cooldown must be an integer, 0 or m"),
        (lambda: TerminateOnNaN("yes"), TypeError, "raise_error must be True or False"),
        (lambda: ModelCheckpoint("m.txt"), ValueError, r"filepath must end in \.safetensors"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_no_warnings_without_a_reason():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model_of(), [EarlyStopping("loss"), ReduceLROnPlateau("accuracy")], epochs=3)


def test_weights_that_are_not_finite_are_never_the_best():
    """Found by fuzzing: such an epoch, whose loss is of before its last step, ended in an error."""
    x, y = np.ones((4, 1), np.float32), np.ones((4, 1), np.float32)
    for first_rate, kept in ((0.01, 1), (3e38, 0)):
        model = Sequential([Input((1,)), Dense(1, kernel_initializer="zeros")])
        model.compile(SGD(first_rate), "mse")
        script, stop = Script([1.0, 1.0]), stopping(monitor="loss")
        faster = LambdaCallback(
            on_epoch_end=lambda epoch, logs, model=model: setattr(model.optimizer, "lr", 3e38)
        )
        model.fit(x, y, batch_size=4, epochs=2, verbose=0, callbacks=[script, faster, stop])
        assert stop.best is None or np.isfinite(stop.best)
        assert (stop.best_weights is not None) == kept
        if kept:
            np.testing.assert_equal(model.get_weights(), script.weights[0])
