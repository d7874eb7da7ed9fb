"""How the estimators train: as scikit-learn's own, and on from where they stopped."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn", "1.6", reason="needs scikit-learn 1.6 or later")

import sklearn.neural_network as peer
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score

from digitnet._core import why_no_cuda
from digitnet.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 40
STILL = 1e-30  # a learning rate that changes no weight


def problem(kind, rng):
    """Samples and targets of a kind, and the names of the two estimators for them."""
    x = rng.standard_normal((N, 5))
    targets = {
        "binary": (x[:, 0] > 0).astype(int),
        "multiclass": (x[:, :3]).argmax(axis=1),
        "multilabel": (x[:, :3] > 0).astype(int),
        "regression": x[:, 0] - x[:, 1] ** 2,
        "multioutput": x[:, :3] ** 2,
    }
    name = "MLPRegressor" if kind in ("regression", "multioutput") else "MLPClassifier"
    return x, targets[kind], name


def first_classes(kind, y):
    return {"classes": np.unique(y)} if kind in ("binary", "multiclass") else {}


def pair(kind, x, y, name, settings):
    """Return digitnet's and scikit-learn's estimator with equal weights and a new solver."""
    of_first_call = {
        "binary": {"classes": [0, 1]},
        "multiclass": {"classes": [0, 1, 2]},
        "multilabel": {"classes": [0, 1, 2]},
    }.get(kind, {})
    here = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[name]
    there = getattr(peer, name)
    common = {"shuffle": False, "random_state": 0, **settings}
    still = {"solver": "sgd", "learning_rate_init": STILL}
    ours, theirs = here(**common | still), there(**common | still)
    ours.partial_fit(x, y, **({} if kind == "multilabel" else of_first_call))
    theirs.partial_fit(x, y, **of_first_call)
    theirs.coefs_ = [w.astype(np.float64) for w in ours.coefs_]
    theirs.intercepts_ = [b.astype(np.float64) for b in ours.intercepts_]
    for estimator in (ours, theirs):
        estimator.set_params(
            solver=settings["solver"],
            learning_rate_init=settings.get("learning_rate_init", 0.1),
        )
    del theirs._optimizer  # it keeps the learning rate
    ours._course.samples_seen = theirs.t_ = 0
    return ours, theirs


@pytest.mark.parametrize(
    "kind", ["binary", "multiclass", "multilabel", "regression", "multioutput"]
)
@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 10, "alpha": 0.5},
        {"activation": "logistic", "alpha": 3.0},
        {"activation": "tanh", "batch_size": 8, "nesterovs_momentum": False},
        {"activation": "identity", "momentum": 0.0, "learning_rate": "invscaling", "alpha": 0.0},
        {"solver": "adam", "batch_size": 10, "alpha": 0.5, "epsilon": 1e-3},
        {"solver": "adam", "activation": "tanh", "beta_1": 0.5, "beta_2": 0.9},
        {"solver": "adam", "activation": "logistic", "learning_rate": "invscaling"},
    ],
    ids=lambda settings: f"{settings.get('activation', 'relu')}-{settings.get('solver', 'sgd')}",
)
def test_training_is_scikit_learn_s(kind, settings, rng):
    x, y, name = problem(kind, rng)
    settings = {"solver": "sgd", **settings}
    settings = {"hidden_layer_sizes": (7, 6), "learning_rate_init": 0.05, **settings}
    ours, theirs = pair(kind, x, y, name, settings)
    for _ in range(5):
        ours.partial_fit(x, y)
        theirs.partial_fit(x, y)
        if kind != "multioutput":  # there, its loss is not what it minimizes
            assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-5)
    for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)
    for mine, other in zip(ours.intercepts_, theirs.intercepts_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "regression"])
def test_weights_count_as_scikit_learn_s_in_one_batch(kind, solver, rng):
    x, y, name = problem(kind, rng)
    weight = rng.random(N) * 5
    settings = {"hidden_layer_sizes": (6,), "alpha": 2.0, "solver": solver}
    ours, theirs = pair(kind, x, y, name, settings)
    for _ in range(4):
        ours.partial_fit(x, y, sample_weight=weight)
        try:
            theirs.partial_fit(x, y, sample_weight=weight)
        except TypeError:
            pytest.skip("this scikit-learn's MLPs take no sample_weight (they do from 1.7)")
        assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-5)
    for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


def test_initial_weights_are_within_scikit_learn_s_bounds(rng):
    x, y, _ = problem("multiclass", rng)
    for activation, factor in [("relu", 6), ("logistic", 2)]:
        network = MLPClassifier((200,), activation, learning_rate_init=STILL, max_iter=1)
        network.fit(x, y)
        for fan_in, units, values in [
            (5, 200, network.coefs_[0]),
            (5, 200, network.intercepts_[0]),
            (200, 3, network.coefs_[1]),
        ]:
            bound = np.sqrt(factor / (fan_in + units))
            assert 0.9 * bound < np.abs(values).max() <= bound * (1 + 1e-6)
    assert network.coefs_[0].std() > 0


def test_digits_are_told_apart_as_well_as_by_scikit_learn():
    """The defaults are those of scikit-learn; means over four halves of its own digits."""
    x, y = load_digits(return_X_y=True)
    x = x / 16
    scores = []
    for seed in range(4):
        test = np.random.default_rng(seed).random(len(x)) < 0.5
        pair = [of(max_iter=30, random_state=seed) for of in (MLPClassifier, peer.MLPClassifier)]
        assert pair[0].solver == pair[1].solver == "adam"
        scores.append([one.fit(x[~test], y[~test]).score(x[test], y[test]) for one in pair])
    ours, theirs = np.mean(scores, axis=0)
    assert theirs > 0.9
    assert ours > theirs - 0.015


def test_defaults_are_those_of_scikit_learn():
    """Those of every parameter that both have."""
    for ours, theirs in [
        (MLPClassifier(), peer.MLPClassifier()),
        (MLPRegressor(), peer.MLPRegressor()),
    ]:
        here, there = ours.get_params(), theirs.get_params()
        common = sorted(set(here) & set(there))
        assert len(common) == 22
        assert {name: here[name] for name in common} == {name: there[name] for name in common}


# --- going on

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
