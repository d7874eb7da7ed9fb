"""What does a fit cost within scikit-learn's GridSearchCV, against the same fit alone?

Eight points in three folds, on the digits that digitnet carries. The fits alone go through the same
points and folds, one after the other, with as many threads as a fit of the search has. A search of
several processes should take the time of the fits alone divided by their number, and its fits, all
taken together, no more threads than there are processors.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, ParameterGrid, StratifiedKFold
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import machine, report  # noqa: E402

_GRID = {
    "hidden_layer_sizes": [(50,), (100,)],
    "alpha": [1e-4, 1e-2],
    "learning_rate_init": [1e-3, 3e-3],
}
_FOLDS = StratifiedKFold(3)


def arguments() -> argparse.Namespace:
    """Return the command line's settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=machine.processors(), help="processes")
    parser.add_argument("--rounds", type=int, default=5, help="of each kind (default: 5)")
    parser.add_argument("--epochs", type=int, default=10, help="of a fit (default: 10)")
    parser.add_argument("--synthetic", action="store_true", help="tiny data: tests this program")
    parser.add_argument("--output", type=Path, help="JSON; default: none is written")
    return parser.parse_args()


def main() -> None:
    """Measure in turn, print the ratios, and write JSON where it is asked for."""
    args = arguments()
    facts = machine.facts()  # before the load that the measurement makes
    results = [_measure(jobs, args) for jobs in sorted({1, args.jobs})]
    for result in results:
        print(
            f"{result['jobs']} x {result['threads']} threads: {report.seconds(result['fit'])} a fit"
            f" in the search, {report.seconds(result['lone_fit'])} alone, ratio "
            f"{result['ratio']:.3f} (of its fits alone {result['fit_time_ratio']:.3f})"
        )
    if args.output:
        report.save(args.output, {"machine": facts, "results": results})


def _measure(jobs: int, args: argparse.Namespace) -> dict[str, Any]:
    """Time searches of so many processes, and in turn with them the fits alone."""
    x, y = _data(args.synthetic)
    estimator = _estimator(args.epochs)
    search = GridSearchCV(
        estimator,
        _GRID,
        cv=_FOLDS,
        n_jobs=jobs,
        refit=False,
        scoring={"accuracy": "accuracy", "threads": _threads_of},
    )
    share = max(1, machine.processors() // jobs)
    folds = list(_FOLDS.split(x, y))
    whole, lone, fit_times = [], [], []
    for number in range(args.rounds + 1):
        seconds = _timed(lambda: search.fit(x, y))
        with threadpool_limits(share):
            alone = sum(_lone_fits(estimator, x, y, folds))
        if number > 0:  # the first starts the processes and warms up
            whole.append(seconds)
            lone.append(alone)
            fit_times.append(float(search.cv_results_["mean_fit_time"].sum() * len(folds)))
    found = search.cv_results_
    threads = int(max(found[f"split{i}_test_threads"].max() for i in range(len(folds))))
    assert args.synthetic or found["mean_test_accuracy"].min() > 0.8, "the networks did not learn"
    fits = len(folds) * len(ParameterGrid(_GRID))
    return {
        "jobs": jobs,
        "threads": threads,
        "processors": machine.processors(),
        "fits": fits,
        "fit": statistics.median(whole) * jobs / fits,
        "lone_fit": statistics.median(lone) / fits,
        "ratio": statistics.median(whole) * jobs / statistics.median(lone),
        "fit_time_ratio": statistics.median(fit_times) / statistics.median(lone),
        "search_seconds": whole,
        "lone_seconds": lone,
    }


def _lone_fits(estimator: Any, x: Any, y: Any, folds: list[Any]) -> list[float]:
    """Return the seconds of each fit that the search makes, scores left out."""
    times = []
    for point in ParameterGrid(_GRID):
        for train, test in folds:
            one, rows, labels = clone(estimator).set_params(**point), x[train], y[train]
            times.append(_timed(lambda one=one, x=rows, y=labels: one.fit(x, y)))
            accuracy_score(y[test], one.predict(x[test]))
    return times


def _threads_of(estimator: Any, x: Any, y: Any) -> int:
    """Score a network by the threads that its training took."""
    return int(estimator.model_.engine_report()["threads"])


def _timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _estimator(epochs: int) -> Any:
    from digitnet.sklearn import MLPClassifier

    return MLPClassifier(max_iter=epochs, n_iter_no_change=np.inf, random_state=0)


def _data(synthetic: bool) -> tuple[Any, Any]:
    from digitnet.datasets import mnist_sample

    (x, y), _ = mnist_sample.load_data()
    step = 20 if synthetic else 1
    return (x[::step].reshape(-1, 784) / 255).astype(np.float32), y[::step]


if __name__ == "__main__":
    main()
