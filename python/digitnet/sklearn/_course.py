"""How a training goes, epoch by epoch: what is recorded, when it slows down and when it ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from digitnet._arrays import FloatArray
from digitnet.callbacks import Callback, Logs

_LEAST_RATE = 1e-6  # "adaptive" divides no further, as in scikit-learn


@dataclass
class Course:
    """What an estimator remembers of its training; later calls go on from here."""

    epochs: int = 0  # of the latest call
    samples_seen: int = 0
    losses: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    best_loss: float = math.inf
    best_score: float = -math.inf
    best_weights: list[FloatArray] | None = None  # at the best score
    bad_epochs: int = 0  # since the last one that was better
    divisions: int = 0  # of the learning rate, under "adaptive"

    def going_on(self) -> Course:
        """Return a copy for the next call, which leaves this one alone until it has succeeded."""
        return replace(self, epochs=0, losses=list(self.losses), scores=list(self.scores))


def learning_rate(estimator: Any, course: Course) -> float:
    """Return the learning rate after this much training, from the estimator's parameters."""
    rate, schedule = float(estimator.learning_rate_init), _schedule(estimator)
    if schedule == "invscaling":
        return float(rate / (course.samples_seen + 1) ** estimator.power_t)
    if schedule == "adaptive":
        return float(rate / 5.0**course.divisions)
    return rate


def _schedule(estimator: Any) -> str:
    """Return how the rate changes from epoch to epoch; Adam's does not, as in scikit-learn."""
    return str(estimator.learning_rate) if estimator.solver == "sgd" else "constant"


class Conductor(Callback):
    """Records every epoch of `Sequential.fit`, sets the learning rate, and ends it in time.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Its parameters are read.
    course : Course
        What came before; changed in place.
    score : callable, optional
        Returns the score on the validation set.
    """

    def __init__(
        self, estimator: Any, course: Course, score: Callable[[Any], float] | None
    ) -> None:
        super().__init__()
        self.estimator, self.course, self.score = estimator, course, score
        self.ended = False  # by its own decision
        self.interrupted = False

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Record the epoch and decide how to go on."""
        loss = (logs or {})["loss"]
        course = self.course
        course.epochs += 1
        course.samples_seen += self.params["samples"]
        course.losses.append(loss)
        self._say(f"Iteration {course.epochs}, loss = {loss:.8f}")
        if self.score is not None:
            course.scores.append(self.score(self.model))
            self._say(f"Validation score: {course.scores[-1]:f}")
        course.bad_epochs = 0 if self._better(loss) else course.bad_epochs + 1
        if course.bad_epochs > self.estimator.n_iter_no_change:
            self._slow_down_or_stop()
        if not math.isfinite(loss):  # diverged: no epoch will bring it back
            self.model.stop_training = True
        self.model.optimizer.learning_rate = learning_rate(self.estimator, course)

    def _better(self, loss: float) -> bool:
        """Return whether the epoch was better by ``tol`` than the best before it; keep the best."""
        course, tol = self.course, float(self.estimator.tol)
        score = course.scores[-1] if course.scores else -math.inf
        score = -math.inf if math.isnan(score) else score
        if self.estimator.early_stopping:
            better = score >= course.best_score + tol
            if score > course.best_score or course.best_weights is None:
                course.best_weights = self.model.get_weights()
        else:
            better = loss <= course.best_loss - tol
        course.best_score = max(score, course.best_score)
        course.best_loss = min(loss, course.best_loss)
        return better

    def _slow_down_or_stop(self) -> None:
        which = "Validation score" if self.estimator.early_stopping else "Training loss"
        message = (
            f"{which} did not improve by more than tol={self.estimator.tol:f} "
            f"for {self.estimator.n_iter_no_change} consecutive epochs."
        )
        rate = self.model.optimizer.learning_rate
        if _schedule(self.estimator) == "adaptive" and rate > _LEAST_RATE:
            self.course.divisions += 1
            self.course.bad_epochs = 0
            self._say(f"{message} Setting learning rate to {rate / 5:f}")
        else:
            self.ended = self.model.stop_training = True
            self._say(f"{message} Stopping.")

    def _say(self, line: str) -> None:
        if self.estimator.verbose:
            print(line)
