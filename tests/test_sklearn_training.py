"""How the estimators train: as scikit-learn's own."""

import numpy as np
import pytest

pytest.importorskip("sklearn", "1.6", reason="needs scikit-learn 1.6 or later")

import sklearn.neural_network as peer
from sklearn.datasets import load_digits

from digitnet.sklearn import MLPClassifier, MLPRegressor
from sklearn_problems import STILL, N, problem

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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
