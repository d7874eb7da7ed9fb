"""How the estimators' trainings go on where the last one stopped, and when they end."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn", "1.6", reason="needs scikit-learn 1.6 or later")

from scipy import sparse
from sklearn.metrics import accuracy_score

from digitnet._core import why_no_cuda
from digitnet.sklearn import MLPClassifier, MLPRegressor
from sklearn_problems import STILL, N, first_classes, problem

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SCHEDULES = [
    {},
    {"batch_size": 7},
    {"batch_size": 7, "dropout": 0.3, "beta_1": 0.5},
    {"batch_size": 7, "solver": "sgd", "dropout": 0.3},
    {"batch_size": 7, "solver": "sgd", "learning_rate": "invscaling", "power_t": 0.2},
    {"batch_size": 7, "solver": "sgd", "shuffle": False, "momentum": 0.5},
    {"activation": ("tanh", "elu"), "alpha": 0.1, "batch_size": 10},
]


@pytest.mark.parametrize("settings", SCHEDULES, ids=str)
@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "multioutput"])
def test_partial_fits_and_warm_starts_are_one_fit(kind, settings, rng):
    x, y, name = problem(kind, rng)
    cls = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[name]
    common = {
        "hidden_layer_sizes": (9, 5), "random_state": 3, "n_iter_no_change": np.inf,
        "learning_rate_init": 0.02, **settings,
    }  # fmt: skip
    whole = cls(**common, max_iter=6).fit(x, y)
    parts = cls(**common)
    for _ in range(6):
        parts.partial_fit(x, y, **(first_classes(kind, y) if not hasattr(parts, "t_") else {}))
    warm = cls(**common, max_iter=2, warm_start=True)
    for _ in range(3):
        warm.fit(sparse.csr_array(x), y)
    for other in (parts, warm):
        np.testing.assert_equal(other.coefs_, whole.coefs_)
        np.testing.assert_equal(other.intercepts_, whole.intercepts_)
        assert other.loss_curve_ == whole.loss_curve_
        assert other.t_ == whole.t_ == 6 * N
        assert other.model_.optimizer.iterations == whole.model_.optimizer.iterations >= 6
        np.testing.assert_equal(other.model_._core.get_slots(), whole.model_._core.get_slots())
    assert (whole.n_iter_, parts.n_iter_, warm.n_iter_) == (6, 1, 2)
    assert len(set(whole.loss_curve_)) == 6


def test_warm_start_keeps_the_validation_set_and_the_adaptive_rate(rng):
    x, y, _ = problem("multiclass", rng)
    common = {
        "hidden_layer_sizes": (9,), "random_state": 0, "early_stopping": True, "tol": 0.0,
        "validation_fraction": 0.25, "learning_rate": "adaptive", "learning_rate_init": 0.02,
        "n_iter_no_change": 1, "solver": "sgd",
    }  # fmt: skip
    whole = MLPClassifier(**common, max_iter=16).fit(x, y)
    warm = MLPClassifier(**common, max_iter=8, warm_start=True).fit(x, y)
    assert warm.validation_scores_ == whole.validation_scores_[:8]
    fresh = MLPClassifier(**common, max_iter=8).fit(x, y)
    np.testing.assert_equal(fresh.coefs_, warm.coefs_)


def test_another_solver_starts_from_the_weights(rng):
    x, y, _ = problem("multiclass", rng)
    network = MLPClassifier(5, random_state=0, max_iter=3, warm_start=True).fit(x, y)
    assert len(network.model_._core.get_slots()) == 2
    before = network.coefs_
    network.set_params(solver="sgd", max_iter=1, learning_rate_init=STILL).fit(x, y)
    np.testing.assert_equal(network.coefs_, before)
    assert network.model_.optimizer.iterations == 1
    network.set_params(learning_rate_init=0.1).fit(x, y)
    assert len(network.model_._core.get_slots()) == 1


def test_adam_settings_may_change_where_a_training_goes_on(rng):
    x, y, _ = problem("multiclass", rng)
    network = MLPClassifier(5, random_state=0, max_iter=3, warm_start=True).fit(x, y)
    twin = pickle.loads(pickle.dumps(network))
    twin.set_params(beta_1=0.5, beta_2=0.9, epsilon=0.1).fit(x, y)
    network.fit(x, y)
    optimizer = twin.model_.optimizer
    assert (optimizer.beta_1, optimizer.beta_2, optimizer.epsilon) == (0.5, 0.9, 0.1)
    assert optimizer.iterations == network.model_.optimizer.iterations == 6
    assert not np.array_equal(twin.coefs_[0], network.coefs_[0])


def test_a_fit_begins_anew_without_warm_start(rng):
    x, y, _ = problem("binary", rng)
    network = MLPClassifier(5, random_state=0, max_iter=4).fit(x, y)
    before = network.coefs_
    np.testing.assert_equal(network.fit(x, y).coefs_, before)
    assert len(network.loss_curve_) == 4


def test_any_number_of_threads_gives_the_same_bits(rng, threads_as_before):
    from digitnet import config

    x, y, _ = problem("multiclass", rng)
    results = []
    for threads in (1, 2, 3):
        config.set_num_threads(threads)
        results.append(MLPClassifier((64,), random_state=1, max_iter=5, batch_size=16).fit(x, y))
    np.testing.assert_equal(results[0].coefs_, results[1].coefs_)
    np.testing.assert_equal(results[0].coefs_, results[2].coefs_)


@pytest.mark.gpu
@pytest.mark.skipif(bool(why_no_cuda()), reason="no GPU, nor DIGITNET_CUDA_PLUGIN for emulation")
def test_a_gpu_trains_the_same_and_goes_on(rng):
    x, y, _ = problem("multiclass", rng)
    settings = {
        "hidden_layer_sizes": 16, "random_state": 0, "learning_rate_init": 0.05, "solver": "sgd",
    }  # fmt: skip
    there = MLPClassifier(device="cuda", max_iter=4, **settings).fit(x, y)
    assert there.model_.device == "cuda"
    here = MLPClassifier(device="cpu", max_iter=2, warm_start=True, **settings).fit(x, y)
    here.set_params(device="cuda").fit(x, y)  # the training moves
    for mine, other in zip(here.coefs_, there.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)


@pytest.mark.gpu
@pytest.mark.skipif(bool(why_no_cuda()), reason="no GPU, nor DIGITNET_CUDA_PLUGIN for emulation")
def test_a_gpu_has_no_adam(rng):
    x, y, _ = problem("multiclass", rng)
    network = MLPClassifier(4, max_iter=2, random_state=0, device="cuda")
    with pytest.raises(RuntimeError, match="Adam"):
        network.fit(x, y)
    assert not hasattr(network, "model_")
    network.set_params(device="auto").fit(x, y)
    assert network.model_.device == "cpu"
    network.set_params(device="cuda", solver="sgd", warm_start=True).fit(x, y)
    assert network.model_.device == "cuda"


# --- when it ends


def test_early_stopping_keeps_the_best_weights(rng):
    x, y, _ = problem("multiclass", rng)
    test, truth = x[:13], y[:13]
    network = MLPClassifier(
        (30,), early_stopping=True, learning_rate_init=0.3, random_state=0, n_iter_no_change=5
    ).fit(x[13:], y[13:], X_val=test, y_val=truth)
    assert network.n_iter_ < network.max_iter
    assert network.best_validation_score_ == max(network.validation_scores_)
    assert accuracy_score(truth, network.predict(test)) == network.best_validation_score_
    assert network.best_loss_ is None


def test_a_validation_set_is_scored_without_early_stopping_too(rng):
    x, y, _ = problem("regression", rng)
    network = MLPRegressor((9,), max_iter=5, random_state=0).fit(x, y, X_val=x, y_val=y)
    assert len(network.validation_scores_) == 5
    assert network.validation_scores_[-1] == pytest.approx(network.score(x, y), abs=1e-6)
    plain = MLPRegressor((9,), max_iter=5, random_state=0).fit(x, y)
    np.testing.assert_equal(plain.coefs_, network.coefs_)


def test_adaptive_divides_the_rate_before_it_ends(rng, capsys):
    x, y, _ = problem("binary", rng)
    settings = {
        "hidden_layer_sizes": 3, "learning_rate": "adaptive", "learning_rate_init": 1e-4,
        "tol": 10, "n_iter_no_change": 2, "verbose": 1,
    }  # fmt: skip
    network = MLPClassifier(solver="sgd", **settings).fit(x, y)
    rates = [line for line in capsys.readouterr().out.splitlines() if "Setting" in line]
    assert [line.split()[-1] for line in rates] == ["0.000020", "0.000004", "0.000001"]
    assert network.n_iter_ == 1 + 3 * 4
    adam = MLPClassifier(**settings).fit(x, y)  # its rate stays
    assert "Setting" not in capsys.readouterr().out
    assert adam.n_iter_ == 1 + 3
    assert adam.model_.optimizer.learning_rate == 1e-4
