"""Weights of samples and classes, and the threads that estimators take."""

import threading

import numpy as np
import pytest

pytest.importorskip("sklearn", "1.6", reason="needs scikit-learn 1.6 or later")

import joblib
from scipy import sparse
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

from digitnet import config
from digitnet.sklearn import MLPClassifier, MLPRegressor
from digitnet.sklearn._threads import limited_threads, thread_limit

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def data(rng):
    x = rng.standard_normal((60, 4))
    return x, (x[:, 0] + x[:, 1] > 1).astype(int), rng.integers(0, 4, 60)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_a_weight_is_as_many_copies_to_the_bit(data, form, cls):
    x, y, weight = data
    settings = {"hidden_layer_sizes": (9,), "random_state": 0, "max_iter": 20, "alpha": 0.3}
    weighted = cls(**settings).fit(form(x), y, weight)
    copies = np.repeat(np.arange(len(x)), weight)[::-1]
    repeated = cls(**settings).fit(form(x[copies]), y[copies])
    np.testing.assert_equal(weighted.coefs_, repeated.coefs_)
    assert weighted.loss_curve_ == repeated.loss_curve_
    other = cls(**settings).fit(form(x), y)
    assert not np.array_equal(other.coefs_[0], weighted.coefs_[0])


def test_only_the_ratio_of_weights_counts_but_for_alpha(data):
    x, y, weight = data
    settings = {"hidden_layer_sizes": 9, "random_state": 0, "max_iter": 9, "batch_size": 10}
    one = MLPClassifier(alpha=0.5, **settings).fit(x, y, weight)
    eight = MLPClassifier(alpha=4.0, **settings).fit(x, y, 8 * weight)
    np.testing.assert_equal(one.coefs_, eight.coefs_)


@pytest.mark.parametrize("batch_size", [10, "auto"])
def test_class_weights_are_weights_of_samples(data, batch_size):
    x, y, weight = data
    settings = {"hidden_layer_sizes": 9, "random_state": 0, "max_iter": 9, "batch_size": batch_size}
    by_class = MLPClassifier(class_weight={0: 1, 1: 5}, **settings).fit(x, y, weight)
    by_sample = MLPClassifier(**settings).fit(x, y, weight * np.array([1, 5])[y])
    np.testing.assert_equal(by_class.coefs_, by_sample.coefs_)
    balanced = MLPClassifier(class_weight="balanced", **settings).fit(x, y)
    share = len(y) / (2 * np.bincount(y))
    by_hand = MLPClassifier(**settings).fit(x, y, share[y])
    np.testing.assert_equal(balanced.coefs_, by_hand.coefs_)


def test_a_heavy_class_is_found_more_often(rng):
    x = rng.standard_normal((400, 2))
    y = (x[:, 0] + rng.standard_normal(400) > 1).astype(int)
    settings = {"hidden_layer_sizes": 9, "random_state": 0, "learning_rate_init": 0.1}
    plain = MLPClassifier(**settings).fit(x, y).predict(x)
    heavy = MLPClassifier(class_weight={0: 1, 1: 20}, **settings).fit(x, y).predict(x)
    assert heavy.sum() > 2 * plain.sum()


# --- threads


@pytest.fixture
def four_threads(threads_as_before, monkeypatch):
    """Let digitnet have four, whatever the machine has, and the pools two."""
    monkeypatch.delenv("DIGITNET_NUM_THREADS", raising=False)
    config.set_num_threads(4)
    with threadpool_limits(2):
        yield


def test_the_least_of_digitnet_s_threads_and_the_pools(four_threads, monkeypatch, data):
    x, y, _ = data
    assert thread_limit() == 2
    with threadpool_limits(1):
        assert thread_limit() == 1
        network = MLPClassifier(64, max_iter=1).fit(x, y)
        assert network.model_.engine_report()["threads"] == 1
    with limited_threads():
        assert config.num_threads() == 2
    assert config.num_threads() == 4
    monkeypatch.setenv("DIGITNET_NUM_THREADS", "4")
    with threadpool_limits(1):
        assert thread_limit() == 4


def test_calls_under_way_share_the_number_and_the_last_puts_it_back(four_threads):
    inside, leave = threading.Event(), threading.Event()

    def other():
        with limited_threads():
            inside.set()
            leave.wait(10)

    worker = threading.Thread(target=other)
    with threadpool_limits(1):
        with limited_threads():
            worker.start()
            assert inside.wait(10)
        leave.set()
        worker.join()
    assert config.num_threads() == 4


def test_a_joblib_thread_takes_one(four_threads):
    with joblib.parallel_config("threading", n_jobs=2):
        found = joblib.Parallel()(joblib.delayed(thread_limit)() for _ in range(4))
    assert found == [1] * 4


def test_a_joblib_process_takes_its_share(monkeypatch):
    monkeypatch.delenv("DIGITNET_NUM_THREADS", raising=False)
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        found = joblib.Parallel()(joblib.delayed(thread_limit)() for _ in range(4))
    assert found == [1] * 4


def threads_of(estimator, x, y):
    return estimator.model_.engine_report()["threads"]


def test_a_search_of_two_processes_takes_no_more_threads_than_there_are(data, monkeypatch):
    monkeypatch.delenv("DIGITNET_NUM_THREADS", raising=False)
    x, y, _ = data
    search = GridSearchCV(
        MLPClassifier(64, max_iter=2, batch_size=20, random_state=0),
        {"alpha": [0.1, 0.01]},
        scoring={"threads": threads_of},
        refit=False,
        cv=2,
        n_jobs=2,
    ).fit(x, y)
    for threads in search.cv_results_["mean_test_threads"]:
        assert 1 <= threads <= max(1, joblib.cpu_count() // 2)


def test_a_failed_fit_puts_the_number_back(four_threads, data):
    x, y, _ = data
    with pytest.raises(ValueError, match="diverged"):
        MLPClassifier(learning_rate_init=1e30).fit(x, y)
    assert config.num_threads() == 4
