"""How the classifier and the regressor are trained."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from digitnet._arrays import FloatArray
from digitnet._errors import shown
from digitnet.models import Sequential
from digitnet.sklearn import _network as network
from digitnet.sklearn._course import Conductor, Course, learning_rate
from digitnet.sklearn._fitted import Fitted
from digitnet.sklearn._peer import (
    ConvergenceWarning,
    check_random_state,
    train_test_split,
)
from digitnet.sklearn._samples import (
    Batches,
    TrainingSet,
    core_samples,
    weights_of,
    without_zero_weights,
)
from digitnet.sklearn._threads import limited_threads

E = TypeVar("E", bound="BaseMLP")


@contextmanager
def unchanged_on_error(estimator: object) -> Iterator[None]:
    """Give an object back the attributes it had where what is done within fails."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


class Targets(NamedTuple):
    """Samples and targets, checked."""

    x: Any
    targets: NDArray[Any]  # as the core takes them
    y: NDArray[Any]  # as they came


class BaseMLP(Fitted):
    """Everything but what the targets are, which the subclasses say."""

    def fit(
        self: E, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None
    ) -> E:
        """Train for at most ``max_iter`` epochs.

        Parameters
        ----------
        X : array or sparse matrix (n_samples, n_features)
            Samples.
        y : array (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array (n_samples,), optional
            Weights >= 0, not all of them 0.
        X_val, y_val : arrays, optional
            A validation set, scored after every epoch; with ``early_stopping`` in place of
            ``validation_fraction``.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            A parameter or an array that does not fit, or a training that diverged.
        RuntimeError
            The device cannot be used here.

        Warns
        -----
        ConvergenceWarning
            ``max_iter`` epochs were made, and the loss or score was still getting better (not
            where ``n_iter_no_change`` is inf, which asks for that).
        UserWarning
            Ctrl-C ended the training after an epoch or more; the steps done are kept.
        """
        self._validate_params()
        first = not (self.warm_start and self.__sklearn_is_fitted__())
        with unchanged_on_error(self):
            data = self._training_set(X, y, sample_weight, first)
            test = self._validation_set(X_val, y_val)
            conductor = self._train(data, test, first, self.max_iter)
        if conductor.interrupted:
            warnings.warn("Training was interrupted; the steps done are kept.", stacklevel=2)
        elif not conductor.ended and self.n_iter_no_change < np.inf:
            warnings.warn(
                f"Training ended after max_iter={self.max_iter} epochs and has not converged yet.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _train_one_epoch(self: E, x: Any, y: Any, sample_weight: Any, classes: Any = None) -> E:
        """Do what ``partial_fit`` promises."""
        self._validate_params()
        if self.early_stopping:
            raise ValueError(
                "early_stopping must be False for partial_fit, which does not see all samples. "
                "Received: True"
            )
        first = not self.__sklearn_is_fitted__()
        with unchanged_on_error(self):
            data = self._training_set(x, y, sample_weight, first, classes)
            self._train(data, None, first, 1)
        return self

    # --- what the subclasses say

    _loss: str  # digitnet's
    _loss_scale: float  # times it is scikit-learn's, which sums where digitnet takes means

    def _targets(self, x: Any, y: Any, first: bool, wanted: Any = None) -> Targets:
        """Check samples and targets; the ``first`` ones settle what targets are."""
        raise NotImplementedError

    def _class_weight(self, y: NDArray[Any]) -> Any:
        """Return the weight that its class gives to each sample, or None."""
        return None

    def _stratify(self, targets: NDArray[Any]) -> NDArray[Any] | None:
        """Return what training and validation set shall hold in equal shares."""
        return None

    def _score_outputs(self, targets: NDArray[Any], outputs: FloatArray, weight: Any) -> float:
        """Return the score of finite outputs (n, outputs) for the core's targets."""
        raise NotImplementedError

    # --- training

    def _training_set(
        self, x: Any, y: Any, sample_weight: Any, first: bool, wanted: Any = None
    ) -> TrainingSet:
        x, targets, y = self._targets(x, y, first, wanted)
        weight, of_class = None, self._class_weight(y)
        if sample_weight is not None:
            weight = weights_of(sample_weight, "sample_weight", len(targets))
        if of_class is not None:
            both = of_class if weight is None else weight * of_class
            weight = weights_of(both, "class_weight (times sample_weight)", len(targets))
        return without_zero_weights(TrainingSet(core_samples(x), targets, weight))

    def _validation_set(self, x: Any, y: Any) -> TrainingSet | None:
        if x is None and y is None:
            return None
        if x is None or y is None:
            missing = "X_val" if x is None else "y_val"
            raise ValueError(f"X_val and y_val must be given together. Received: no {missing}")
        try:
            x, targets, _ = self._targets(x, y, False)
        except ValueError as error:
            raise ValueError(f"X_val and y_val must be as X and y are: {error}") from None
        return TrainingSet(core_samples(x), targets, None)

    def _train(
        self, data: TrainingSet, test: TrainingSet | None, first: bool, epochs: int
    ) -> Conductor:
        plan = network.architecture(self, data.x.shape[1], self.n_outputs_, self.out_activation_)
        if not first and plan != self._plan:
            raise ValueError(
                "hidden_layer_sizes, activation, dropout and the targets must stay as they were "
                f"where a training goes on. Received: {plan}, where there was {self._plan}"
            )
        random = check_random_state(self.random_state) if first else None
        split_seed = network.draw_seed(random) if first else self._split_seed
        if self.early_stopping and test is None:
            data, test = self._split(data, split_seed)
        batches = Batches.of(data, self.batch_size, self.shuffle, merge=not any(plan.dropout))
        l2 = batches.l2(self.alpha)
        course = Course() if first else self._course.going_on()
        if first:
            model = network.new_network(plan, l2, self.device, random)
        else:
            model = network.continued(self.model_, l2, self.device)
        network.compile_network(model, self, self._loss, learning_rate(self, course))
        score = None if test is None else partial(self._score_on, test=test)
        conductor = Conductor(self, course, score)
        self._run(model, batches, conductor, epochs)
        if not all(np.isfinite(weight).all() for weight in model.get_weights()):
            raise ValueError(
                "the training diverged: the network's weights are no longer finite; scale X (and "
                "the y of a regressor), or lower learning_rate_init. "
                f"Received: learning_rate_init={shown(self.learning_rate_init)}"
            )
        if self.early_stopping and course.best_weights is not None:
            model.set_weights(course.best_weights)
        self._plan, self._split_seed, self._course = plan, split_seed, course
        self._publish(model, course)
        return conductor

    def _run(self, model: Sequential, batches: Batches, conductor: Conductor, epochs: int) -> None:
        try:
            with limited_threads():
                model.fit(
                    batches.data.x,
                    batches.data.y,
                    batch_size=batches.size,
                    epochs=epochs,
                    verbose=0,
                    callbacks=conductor,
                    shuffle=batches.shuffle,
                    sample_weight=batches.sample_weight(self._loss_scale),
                )
        except KeyboardInterrupt:
            if not conductor.course.epochs:
                raise
            conductor.interrupted = True

    def _split(self, data: TrainingSet, seed: int) -> tuple[TrainingSet, TrainingSet]:
        """Set samples aside for validation; the same ones where a training goes on."""
        train, test = train_test_split(
            np.arange(len(data)),
            random_state=seed,
            test_size=self.validation_fraction,
            stratify=self._stratify(data.y),
        )
        if len(test) < 2:
            raise ValueError(
                "validation_fraction must set at least 2 samples aside. "
                f"Received: {self.validation_fraction:g} of {len(data)} samples"
            )
        return data.take(train), data.take(test)

    def _score_on(self, model: Sequential, test: TrainingSet) -> float:
        outputs = model.predict(test.x)
        if not np.isfinite(outputs).all():
            return float("nan")
        return float(self._score_outputs(test.y, outputs, test.weight))
