"""What the estimators refuse, and that they are then as they were."""

import numpy as np
import pytest

pytest.importorskip("sklearn", "1.6", reason="needs scikit-learn 1.6 or later")

from scipy import sparse
from sklearn.exceptions import NotFittedError

from digitnet.models import Sequential
from digitnet.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.arange(24.0).reshape(12, 2) / 24
Y = np.arange(12) % 3


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"solver": "lbfgs"}, "'solver' parameter of MLPClassifier must be a str among .*'lbfgs'"),
        ({"beta_1": 1.0}, "'beta_1' parameter of MLPClassifier must be a float in the range"),
        ({"beta_2": -0.1}, "'beta_2' parameter of MLPClassifier must be a float in the range"),
        ({"epsilon": 0.0}, "'epsilon' parameter of MLPClassifier must be a float in the range"),
        ({"epsilon": 1e-40}, "epsilon must be a number >= 1e-37.* Received: 1e-40"),
        ({"activation": "step"}, "'activation' parameter of MLPClassifier must be a str among"),
        ({"activation": ("relu", "step")}, r"activation\[1\] must be one of identity, .*'step'"),
        ({"activation": ["relu"]}, "activation must be one value, or one for each of the 2 hidden"),
        ({"dropout": (0.5,)}, "dropout must be one value, or one for each of the 2 hidden layers"),
        ({"dropout": (0.5, 1)}, r"dropout\[1\] must be a number >= 0 and < 1"),
        ({"hidden_layer_sizes": (3, 0)}, r"hidden_layer_sizes\[1\] must be a positive integer"),
        ({"hidden_layer_sizes": (2**30, 2**30)}, "weights of the model must fit into memory"),
        ({"validation_fraction": 0.0}, "'validation_fraction' parameter"),
        ({"early_stopping": True, "validation_fraction": 0.01}, "test_size|validation_fraction"),
        ({"class_weight": {0: 1, 7: 2}}, "class_weight"),
        ({"class_weight": {0: 0, 1: 0, 2: 0}}, "class_weight .* at least one weight .* not zero"),
        ({"learning_rate_init": 1e30}, "the training diverged: .* lower learning_rate_init"),
        ({"device": "gpu"}, "'device' parameter of MLPClassifier must be a str among"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_parameters(settings, sentence):
    network = MLPClassifier((4, 3), max_iter=30).set_params(**settings)
    with pytest.raises((ValueError, TypeError), match=sentence):
        network.fit(X, Y)
    with pytest.raises(NotFittedError):
        network.predict(X)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda n: n.fit(X, Y, [1] * 11), r"sample_weight must have shape \(12,\)"),
        (lambda n: n.fit(X, Y, [-1] * 12), "sample_weight must not be negative"),
        (lambda n: n.fit(X, Y, [0] * 12), "sample_weight must hold at least one weight .* zero"),
        (lambda n: n.fit(X, np.zeros(12)), "y must hold at least 2 classes. Received: 1 class"),
        (lambda n: n.fit(X[:, :1], np.ones(12)), "at least 2 classes"),
        (lambda n: n.fit(X, np.linspace(0, 1, 12)), "Unknown label type"),
        (lambda n: n.fit(X * 1e39, Y), r"X must hold finite numbers only \(in float32\)"),
        (lambda n: n.fit(sparse.csr_array(X * 1e39), Y), "X must hold finite numbers only"),
        (lambda n: n.fit(X * np.nan, Y), "Input X contains NaN"),
        (lambda n: n.fit(X.astype(complex), Y), "Complex data not supported"),
        (lambda n: n.fit(X, Y, X_val=X), "X_val and y_val must be given together.* no y_val"),
        (
            lambda n: n.fit(X, Y, X_val=X, y_val=Y + 1),
            r"X_val and y_val must be as .*only classes.*3",
        ),
        (lambda n: n.fit(X, Y, X_val=X[:, :1], y_val=Y), "X_val and y_val .*: X has 1 features"),
        (lambda n: n.partial_fit(X, Y + 1), r"y must hold only classes of the first call, \[0 1 2"),
        (lambda n: n.partial_fit(X, Y, classes=[0, 1]), "classes must be those of the first call"),
        (lambda n: n.partial_fit(X, np.eye(3)[Y]), "y must hold classes, as in the first call"),
        (lambda n: n.partial_fit(X[:, :1], Y), "X has 1 features"),
        (
            lambda n: n.set_params(early_stopping=True).partial_fit(X, Y),
            "early_stopping must be False for partial_fit",
        ),
        (
            lambda n: n.set_params(class_weight="balanced").partial_fit(X, Y),
            "class_weight must not be 'balanced' for partial_fit",
        ),
        (
            lambda n: n.set_params(hidden_layer_sizes=(5,)).partial_fit(X, Y),
            "hidden_layer_sizes, activation, dropout .* must stay as they were",
        ),
        (
            lambda n: n.set_params(learning_rate_init=1e30, batch_size=2).partial_fit(X, Y),
            "the training diverged",
        ),
    ],
)
def test_an_error_leaves_a_trained_network_as_it_was(call, sentence):
    network = MLPClassifier((4,), max_iter=3, random_state=0).fit(X, Y)
    before, outputs = vars(network).copy(), network.predict_proba(X)
    with pytest.raises((ValueError, TypeError), match=sentence):
        call(network)
    after = {
        name: value for name, value in vars(network).items() if name not in network.get_params()
    }
    assert all(value is before[name] for name, value in after.items())
    np.testing.assert_array_equal(network.predict_proba(X), outputs)


def test_the_first_partial_fit_needs_the_classes():
    with pytest.raises(ValueError, match="classes must be given in the first call of partial_fit"):
        MLPClassifier().partial_fit(X, Y)
    network = MLPClassifier(random_state=0).partial_fit(X[:2], Y[:2], classes=[2, 1, 0])
    assert network.classes_.tolist() == [0, 1, 2]


def test_a_regressor_s_targets_keep_their_number():
    network = MLPRegressor(4).partial_fit(X, X)
    with pytest.raises(ValueError, match=r"y must hold 2 values for each sample.*\(12,\)"):
        network.partial_fit(X, Y)
    with pytest.raises(ValueError, match="y must hold finite numbers only"):
        network.partial_fit(X, X * 1e39)


def test_inputs_are_not_modified(rng):
    x, weight = rng.standard_normal((12, 2)), rng.random(12)
    arrays = [x, sparse.csr_array(x).data, Y.copy(), weight]
    before = [array.copy() for array in arrays]
    for array in (x, weight):
        array.flags.writeable = False
    MLPClassifier(3, max_iter=2, class_weight="balanced").fit(x, Y, weight)
    np.testing.assert_equal(arrays, before)


def test_ctrl_c_keeps_the_epochs_done(monkeypatch):
    original = Sequential.fit

    def interrupted(model, *args, callbacks, **kwargs):
        def press(epoch, logs):
            conduct(epoch, logs)
            if epoch == 2:
                raise KeyboardInterrupt

        conduct, callbacks.on_epoch_end = callbacks.on_epoch_end, press
        return original(model, *args, callbacks=callbacks, **kwargs)

    monkeypatch.setattr(Sequential, "fit", interrupted)
    network = MLPClassifier(4, random_state=0)
    with pytest.warns(UserWarning, match="Training was interrupted; the steps done are kept"):
        network.fit(X, Y)
    assert network.n_iter_ == len(network.loss_curve_) == 3
    monkeypatch.setattr(Sequential, "fit", original)
    whole = MLPClassifier(4, random_state=0, max_iter=3).fit(X, Y)
    np.testing.assert_equal(network.coefs_, whole.coefs_)
