"""Batch by batch, `fit`, `evaluate` and `predict` compute what they compute in one call."""

import numpy as np
import pytest

from digitnet.callbacks import Callback, LambdaCallback
from digitnet.layers import Dense, Flatten, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from training_cases import BATCH, SAMPLES, data_of, model_of, state_of

scipy_sparse = pytest.importorskip("scipy.sparse")


class Batches(Callback):
    """Notes the hooks within an epoch."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(("begin", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(("end", batch, dict(logs)))


def fit(model, x, y, callbacks=(), **kwargs):
    return model.fit(x, y, batch_size=BATCH, verbose=0, callbacks=list(callbacks), **kwargs)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("kind", ["float32", "uint8", "strided", "csr", "csr uint8", "weights"])
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_the_same_bits_with_and_without_hooks(shuffle, kind, share):
    x, y = data_of()
    extra = {"shuffle": shuffle, "epochs": 3, "validation_split": share}
    if "uint8" in kind:
        x = np.abs(x * 3).astype(np.uint8)
    if kind == "strided":
        x = np.asfortranarray(np.repeat(x, 2, axis=1))[:, ::2]
    if "csr" in kind:
        x = scipy_sparse.csr_array(np.where(x > 0.3, x, 0))
    if kind == "weights":
        extra["sample_weight"] = np.linspace(0, 2, SAMPLES)
    one, other = model_of(), model_of()
    plain = fit(one, x, y, **extra)
    batches = Batches()
    hooked = fit(other, x, y, [batches], **extra)
    assert state_of(one) == state_of(other)
    for name, values in plain.history.items():
        np.testing.assert_allclose(hooked.history[name], values, rtol=1e-14, err_msg=name)
    assert len(batches.calls) == 2 * 3 * -(-int(SAMPLES * (1 - share)) // BATCH)
    fit(one, x, y, **extra)  # and what follows is the same, too
    fit(other, x, y, **extra)
    assert state_of(one) == state_of(other)


@pytest.mark.parametrize("density", [0.02, 0.4, 0.6, 1.0])
@pytest.mark.parametrize("batch", [1, 33, 500])
def test_the_same_bits_where_batches_differ_in_density(density, batch):
    """The core chooses by density, for an epoch or for a batch, whether to skip zeros."""
    rng = np.random.default_rng(1)
    x = rng.random((700, 300), np.float32)
    x[rng.random(x.shape) > density * np.linspace(0, 2, len(x))[:, None]] = 0
    y = rng.integers(10, size=len(x))
    models = []
    for callbacks in ([], [LambdaCallback(on_train_batch_end=lambda batch, logs: None)]):
        model = Sequential([Input((300,)), Dense(70, "relu"), Dense(10, "softmax")])
        weights = np.random.default_rng(2)
        model.set_weights([weights.normal(0, 0.1, w.shape) for w in model.get_weights()])
        model._core.seed = 1
        model.compile(SGD(0.1, momentum=0.5), "sparse_categorical_crossentropy")
        model.fit(x, y, batch_size=batch, epochs=2, verbose=0, callbacks=callbacks)
        models.append(model)
    assert state_of(models[0]) == state_of(models[1])


def test_logs_are_means_over_the_epoch_so_far():
    model, batches = model_of(), Batches()
    x, y = data_of()
    history = fit(model, x, y, [batches], shuffle=False)
    assert [call[:2] for call in batches.calls] == [
        (when, i) for i in range(4) for when in ("begin", "end")
    ]
    twin, losses = model_of(), []
    for begin in range(0, SAMPLES, BATCH):
        part = slice(begin, begin + BATCH)
        losses += [twin.train_on_batch(x[part], y[part])[0]] * len(x[part])
        seen = batches.calls[2 * (begin // BATCH) + 1][2]
        assert seen["loss"] == pytest.approx(np.mean(losses), rel=1e-12)
    assert history.history["loss"][0] == seen["loss"]


def test_no_call_for_a_batch_unless_a_hook_is_overridden(monkeypatch):
    def never(*args):
        raise AssertionError("an epoch must be one call of the core")

    monkeypatch.setattr("digitnet._model.array_source.ArraySource.batches", never)
    fit(model_of(), *data_of(), [Callback(), LambdaCallback(on_epoch_end=lambda e, logs: None)])
    with pytest.raises(AssertionError):
        fit(model_of(), *data_of(), [Batches()])
    old = type("Old", (Callback,), {"on_batch_end": lambda self, batch, logs: None})
    with pytest.raises(AssertionError):
        fit(model_of(), *data_of(), [old()])


def test_stop_training_within_an_epoch_ends_it_after_the_batch():
    model, ends = model_of(), []

    def stop(batch, logs):
        model.stop_training = batch == 1

    callbacks = [
        LambdaCallback(on_train_batch_end=stop),
        LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append((epoch, sorted(logs)))),
    ]
    x, y = data_of()
    history = fit(model, x, y, callbacks, epochs=5, validation_data=(x, y))
    assert ends == [(0, ["accuracy", "loss", "val_accuracy", "val_loss"])]  # as in Keras
    assert (history.epoch, model.optimizer.iterations) == ([0], 2)
    assert model._core.epochs == 1  # the order of the pass that was begun does not come again


def test_an_error_in_a_hook_keeps_the_steps_done():
    def fail(batch, logs):
        if batch == 2:
            raise KeyboardInterrupt

    for hook, steps in (("on_train_batch_begin", 2), ("on_train_batch_end", 3)):
        model = model_of()
        with pytest.raises(KeyboardInterrupt):
            fit(model, *data_of(), [LambdaCallback(**{hook: fail})])
        assert (model.optimizer.iterations, model._core.epochs) == (steps, 1)
        fit(model, *data_of())


def test_the_learning_rate_may_change_between_batches():
    model, twin = model_of(), model_of()
    x, y = data_of()

    def halve(batch, logs):
        model.optimizer.learning_rate = 0.1 / 2**batch

    fit(model, x, y, [LambdaCallback(on_train_batch_begin=halve)], shuffle=False)
    for i in range(4):
        twin.optimizer.learning_rate = 0.1 / 2**i
        twin.train_on_batch(x[i * BATCH : (i + 1) * BATCH], y[i * BATCH : (i + 1) * BATCH])
    np.testing.assert_equal(model.get_weights(), twin.get_weights())


# --- tests and predictions


class Whole(Callback):
    """Notes the hooks of tests and predictions."""

    def __init__(self, batches):
        super().__init__()
        self.calls = []
        names = [f"on_{part}_{when}" for part in ("test", "predict") for when in ("begin", "end")]
        if batches:
            names += [name.replace("_begin", "_batch_begin") for name in names if "begin" in name]
            names += ["on_test_batch_end", "on_predict_batch_end"]
        for name in names:
            setattr(self, name, lambda *args, name=name: self.calls.append((name, *args)))


@pytest.mark.parametrize("batches", [False, True])
def test_hooks_of_evaluate(batches):
    model, whole = model_of(), Whole(batches)
    x, y = data_of()
    expected = model.evaluate(x, y, verbose=0)
    result = model.evaluate(x, y, batch_size=20, verbose=0, callbacks=[whole])
    np.testing.assert_allclose(result, expected, rtol=1e-13)
    assert [call[0] for call in whole.calls] == [
        "on_test_begin",
        *["on_test_batch_begin", "on_test_batch_end"] * (3 if batches else 0),
        "on_test_end",
    ]
    assert whole.calls[-1][1] == dict(zip(["loss", "accuracy"], result, strict=True))
    assert whole.params == {"epochs": 1, "steps": 3, "samples": SAMPLES, "verbose": 0}


@pytest.mark.parametrize("batches", [False, True])
@pytest.mark.parametrize("sparse", [False, True])
def test_hooks_of_predict(batches, sparse):
    model, whole = model_of(), Whole(batches)
    x, _ = data_of()
    x = scipy_sparse.csr_array(x) if sparse else x
    result = model.predict(x, batch_size=20, callbacks=[whole])
    np.testing.assert_array_equal(result, model.predict(x))
    calls = [call[0] for call in whole.calls]
    hooks = ["on_predict_batch_begin", "on_predict_batch_end"] * (3 if batches else 0)
    assert calls == ["on_predict_begin", *hooks, "on_predict_end"]
    if batches:
        seen = [c[2]["outputs"] for c in whole.calls if c[0] == "on_predict_batch_end"]
        np.testing.assert_array_equal(np.concatenate(seen), result)


def test_validation_tells_the_callbacks_of_fit():
    whole = Whole(batches=False)
    x, y = data_of()
    history = fit(model_of(), x, y, [whole], epochs=2, validation_data=(x, y))
    ends = [call[1] for call in whole.calls if call[0] == "on_test_end"]
    assert [logs["loss"] for logs in ends] == history.history["val_loss"]


def test_a_model_that_is_not_built_yet(rng):
    model = Sequential([Flatten(), Dense(2)])
    model.compile("sgd", "mse")
    x = rng.random((8, 2, 2))
    model.fit(x, rng.random((8, 2)), verbose=0, callbacks=[Batches()])
    assert model.predict(x, callbacks=[Whole(True)]).shape == (8, 2)
