"""The estimators keep scikit-learn's rules, and work with its tools."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn", "1.6", reason="needs scikit-learn 1.6 or later")

from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from digitnet.sklearn import MLPClassifier, MLPRegressor

QUIET = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CHECKED = [
    MLPClassifier(),
    MLPRegressor(),
    MLPClassifier((9, 7), ("tanh", "silu"), beta_1=0.5, learning_rate_init=0.005),
    MLPRegressor((9,), ("logistic",), beta_2=0.9, epsilon=1e-4, learning_rate_init=0.005),
    MLPClassifier(solver="sgd"),
    MLPRegressor(solver="sgd"),
    MLPClassifier(
        (9, 7), ("tanh", "silu"), solver="sgd", learning_rate="adaptive", learning_rate_init=0.02
    ),
    MLPRegressor(
        (9,), ("logistic",), solver="sgd", nesterovs_momentum=False, learning_rate_init=0.005
    ),
]


def as_a_list(marked):
    """Older scikit-learns hand a generator to pytest, which newer pytests refuse."""
    names, values = marked.args
    return pytest.mark.parametrize(names, list(values), **marked.kwargs)


@pytest.mark.filterwarnings("ignore")  # scikit-learn's own checks are full of them
@as_a_list(parametrize_with_checks(CHECKED))
def test_scikit_learn_s_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def moons():
    return make_moons(300, noise=0.2, random_state=0)


@QUIET
def test_pipeline_grid_search_and_cross_validation(moons):
    quick = MLPClassifier((16,), batch_size=20, learning_rate_init=0.1, random_state=0)
    steps = make_pipeline(StandardScaler(), quick)
    grid = {
        "mlpclassifier__activation": ["relu", ("tanh",)],
        "mlpclassifier__hidden_layer_sizes": [(16,), 8],
    }
    search = GridSearchCV(steps, grid, cv=3).fit(*moons)
    assert search.best_score_ > 0.93
    assert cross_val_score(search.best_estimator_, *moons, cv=3).mean() == pytest.approx(
        search.best_score_
    )


@QUIET
@pytest.mark.parametrize("again", [lambda e: pickle.loads(pickle.dumps(e)), lambda e: e])
def test_a_copy_goes_on_as_the_original(moons, again):
    first = MLPClassifier((8,), random_state=0, warm_start=True, max_iter=3).fit(*moons)
    twin = again(first)
    np.testing.assert_array_equal(twin.predict_proba(moons[0]), first.predict_proba(moons[0]))
    twin = pickle.loads(pickle.dumps(twin)).fit(*moons)
    first.fit(*moons)
    np.testing.assert_equal(twin.coefs_, first.coefs_)
    assert twin.loss_curve_ == first.loss_curve_


def test_clone_forgets_the_training(moons):
    fitted = MLPClassifier(8, random_state=0, tol=1).fit(*moons)
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "coefs_")
    assert not hasattr(copy, "model_")


@QUIET
def test_attributes(moons):
    x, y = moons
    names = np.array(["no", "yes"])
    network = MLPClassifier((8, 4), max_iter=3, random_state=0).fit(x, names[y])
    assert network.classes_.tolist() == ["no", "yes"]
    assert (network.n_layers_, network.n_outputs_, network.out_activation_) == (4, 1, "logistic")
    assert [w.shape for w in network.coefs_] == [(2, 8), (8, 4), (4, 1)]
    assert [b.shape for b in network.intercepts_] == [(8,), (4,), (1,)]
    assert network.n_iter_ == len(network.loss_curve_) == 3
    assert network.t_ == 3 * len(x)
    assert network.loss_ == network.loss_curve_[-1]
    assert network.best_loss_ == min(network.loss_curve_)
    assert network.validation_scores_ is None
    assert network.n_features_in_ == 2
    probabilities = network.predict_proba(x)
    assert probabilities.dtype == np.float64
    np.testing.assert_array_equal(network.predict(x), names[probabilities.argmax(axis=1)])
    assert network.predict_proba(x.astype(np.float32)).dtype == np.float32


def test_column_names_of_a_data_frame(moons):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(moons[0], columns=["east", "north"])
    network = MLPClassifier(4, tol=1).fit(frame, moons[1])
    assert network.feature_names_in_.tolist() == ["east", "north"]
    with pytest.raises(ValueError, match="feature names should match"):
        network.predict(frame[["north", "east"]])


@QUIET
def test_multilabel(rng):
    x = rng.standard_normal((400, 2))
    y = np.column_stack([x[:, 0] > 0, x[:, 1] > 0, x.sum(axis=1) > 0]).astype(int)
    network = MLPClassifier((16,), learning_rate_init=0.1, random_state=0, max_iter=60)
    network.fit(x, sparse.csr_array(y))
    assert network.out_activation_ == "logistic"
    assert network.n_outputs_ == 3
    assert (network.predict(x) == y).all(axis=1).mean() > 0.9
    assert network.predict_proba(x).shape == (400, 3)
    with pytest.raises(ValueError, match=r"y must hold one class .* multiclass-multioutput"):
        network.fit(x, y * [1, 2, 3])
    with pytest.raises(ValueError, match=r"y must hold 0 or 1 for each label\. Received: y"):
        network.fit(x, y + 1)


@QUIET
def test_multioutput_regression(rng):
    x = rng.standard_normal((300, 3))
    y = np.column_stack([x @ [1, 2, 0], np.abs(x[:, 2])])
    network = MLPRegressor((32,), learning_rate_init=0.02, random_state=0).fit(x, y)
    assert network.score(x, y) > 0.95
    assert network.predict(x).shape == (300, 2)


@QUIET
@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix, sparse.csc_array])
@pytest.mark.parametrize("batch_size", [64, 500])
def test_sparse_samples_give_the_same_bits_and_zeros_are_skipped(rng, kind, batch_size):
    x = np.where(rng.random((500, 100)) < 0.05, rng.standard_normal((500, 100)), 0)
    y = (x[:, :50].sum(axis=1) > 0).astype(int)
    settings = {"max_iter": 3, "random_state": 0, "batch_size": batch_size}
    dense = MLPClassifier(**settings).fit(x, y)
    network = MLPClassifier(**settings).fit(kind(x), y)
    report = network.model_.engine_report()
    assert report["density"] < 0.1
    assert next(iter(report["layers"].values()))["path"] == "sparse"
    np.testing.assert_equal(network.coefs_, dense.coefs_)
    np.testing.assert_array_equal(network.predict_proba(kind(x)), dense.predict_proba(x))


def test_bytes_are_read_where_they_lie(mnist_sample, monkeypatch):
    (x, y), _ = mnist_sample
    x = x.reshape(len(x), -1)
    seen = []
    from digitnet.models import Sequential

    original = Sequential.fit
    monkeypatch.setattr(
        Sequential, "fit", lambda self, x, *a, **k: seen.append(x) or original(self, x, *a, **k)
    )
    MLPClassifier((32,), learning_rate_init=1e-5, tol=1, random_state=0).fit(x, y)
    assert seen[0].dtype == np.uint8
    assert np.shares_memory(seen[0], x)


@pytest.mark.slow
def test_mnist(mnist):
    (x, y), (x_test, y_test) = (
        ((part[0].reshape(-1, 784) / 255).astype(np.float32), part[1]) for part in mnist
    )
    network = MLPClassifier(
        500, learning_rate_init=0.005, batch_size=500, max_iter=4, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match="max_iter=4 epochs and has not converged"):
        network.fit(x, y)
    assert network.score(x_test, y_test) > 0.97


def test_scikit_learn_is_not_loaded_before_it_is_asked_for():
    code = "import digitnet, sys; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_without_scikit_learn_a_sentence_says_what_to_install():
    code = "import sys; sys.modules['sklearn'] = None; import digitnet.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: digitnet.sklearn needs scikit-learn 1.6 or later: pip")
