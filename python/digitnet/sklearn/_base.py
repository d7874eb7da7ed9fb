"""What the classifier and the regressor share: parameters, training and the network."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from digitnet._arrays import FloatArray
from digitnet._model.machine import DEVICES
from digitnet.models import Sequential
from digitnet.sklearn import _network as network
from digitnet.sklearn._course import Conductor, Course, learning_rate
from digitnet.sklearn._peer import (
    BaseEstimator,
    ConvergenceWarning,
    Interval,
    Options,
    StrOptions,
    check_is_fitted,
    check_random_state,
    train_test_split,
    validate_data,
)
from digitnet.sklearn._samples import Batches, TrainingSet, core_samples, weights_of
from digitnet.sklearn._threads import limited_threads

E = TypeVar("E", bound="BaseMLP")

_FRACTION = Interval(Real, 0, 1, closed="left")
_POSITIVE_INTEGER = Interval(Integral, 1, None, closed="left")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", _POSITIVE_INTEGER],
    "activation": [StrOptions(set(network.ACTIVATIONS)), list, tuple],
    "solver": [StrOptions(set(network.SOLVERS))],
    "alpha": [_NOT_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), _POSITIVE_INTEGER],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [_NOT_NEGATIVE],
    "max_iter": [_POSITIVE_INTEGER],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_NOT_NEGATIVE],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [_POSITIVE_INTEGER, Options(Real, {np.inf})],
    "dropout": [_FRACTION, list, tuple],
    "device": [StrOptions(set(DEVICES))],
}


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


class BaseMLP(BaseEstimator):
    """Everything but what the targets are, which the subclasses say."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "sgd",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.01,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 10,
        dropout: float | Sequence[float] = 0.0,
        device: str = "cpu",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.dropout = dropout
        self.device = device

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
            ``max_iter`` epochs were made, and the loss or score was still getting better.
        """
        self._validate_params()
        first = not (self.warm_start and self.__sklearn_is_fitted__())
        with unchanged_on_error(self):
            data = self._training_set(X, y, sample_weight, first)
            test = self._validation_set(X_val, y_val)
            self._train(data, test, first, self.max_iter)
        return self

    def _train_one_epoch(self: E, x: Any, y: Any, sample_weight: Any, **of_targets: Any) -> E:
        """Do what ``partial_fit`` promises."""
        self._validate_params()
        if self.early_stopping:
            raise ValueError(
                "early_stopping must be False for partial_fit, which does not see all samples. "
                "Received: True"
            )
        first = not self.__sklearn_is_fitted__()
        with unchanged_on_error(self):
            data = self._training_set(x, y, sample_weight, first, **of_targets)
            self._train(data, None, first, 1)
        return self

    # --- what the subclasses say

    n_outputs_: int
    out_activation_: str
    _loss: str  # digitnet's
    _loss_scale: float  # times it is scikit-learn's, which sums where digitnet takes means

    def _targets(
        self, x: Any, y: Any, first: bool, **of_targets: Any
    ) -> tuple[Any, NDArray[Any], Any]:
        """Return x as scikit-learn checks it, the core's targets, and y as a plain array."""
        raise NotImplementedError

    def _class_weight(self, y: NDArray[Any]) -> Any:
        """Return the weight that its class gives to each sample, or None."""
        return None

    def _stratify(self, y: NDArray[Any]) -> NDArray[Any] | None:
        """Return what training and validation set shall hold in equal shares."""
        return None

    def _score_outputs(self, y: NDArray[Any], outputs: FloatArray, weight: Any) -> float:
        """Return the score of finite outputs (n, outputs) for the core's targets."""
        raise NotImplementedError

    # --- training

    def _training_set(
        self, x: Any, y: Any, sample_weight: Any, first: bool, **of_targets: Any
    ) -> TrainingSet:
        x, targets, y = self._targets(x, y, first, **of_targets)
        weight, of_class = None, self._class_weight(y)
        if sample_weight is not None:
            weight = weights_of(sample_weight, "sample_weight", len(targets))
        if of_class is not None:
            both = of_class if weight is None else weight * of_class
            weight = weights_of(both, "class_weight (times sample_weight)", len(targets))
        return TrainingSet(core_samples(x), targets, weight)

    def _validation_set(self, x: Any, y: Any) -> TrainingSet | None:
        if x is None and y is None:
            return None
        if x is None or y is None:
            missing = "X_val" if x is None else "y_val"
            raise ValueError(f"X_val and y_val must be given together. Received: no {missing}")
        x, targets, _ = self._targets(x, y, False)
        return TrainingSet(core_samples(x), targets, None)

    def _train(self, data: TrainingSet, test: TrainingSet | None, first: bool, epochs: int) -> None:
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
                f"Received: learning_rate_init={self.learning_rate_init!r}"
            )
        if self.early_stopping and course.best_weights is not None:
            model.set_weights(course.best_weights)
        self._plan, self._split_seed, self._course = plan, split_seed, course
        self._publish(model, course)

    def _run(
        self, model: Sequential, batches: Batches, conductor: Conductor, epochs: int
    ) -> None:
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
            if not conductor.course.losses:
                raise
            warnings.warn("Training was interrupted; the epochs done are kept.", stacklevel=4)
            return
        if conductor.course.epochs == self.max_iter and not conductor.converged and epochs > 1:
            warnings.warn(
                f"Training ended after max_iter={self.max_iter} epochs and has not converged yet.",
                ConvergenceWarning,
                stacklevel=4,
            )

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

    def _publish(self, model: Sequential, course: Course) -> None:
        """Set the public attributes; those of the weights are properties."""
        self.model_ = model
        self.n_iter_, self.t_ = course.epochs, course.samples_seen
        self.loss_curve_, self.loss_ = course.losses, course.losses[-1]
        self.best_loss_ = None if self.early_stopping else course.best_loss
        self.validation_scores_ = course.scores or None
        self.best_validation_score_ = course.best_score if course.scores else None
        self.n_layers_ = len(self._plan.sizes)

    # --- the network

    def _outputs(self, x: Any) -> NDArray[Any]:
        """Return the network's outputs (n, outputs), float64, or float32 where X is float32."""
        check_is_fitted(self)
        checked = validate_data(self, x, accept_sparse="csr", dtype="numeric", reset=False)
        with limited_threads():
            outputs = self.model_.predict(core_samples(checked))
        return outputs if checked.dtype == np.float32 else outputs.astype(np.float64)

    @property
    def coefs_(self) -> list[FloatArray]:
        """Copies of the kernels, float32 (in, units), one for each layer but the input."""
        check_is_fitted(self)
        return self.model_.get_weights()[0::2]

    @property
    def intercepts_(self) -> list[FloatArray]:
        """Copies of the biases, float32 (units,), one for each layer but the input."""
        check_is_fitted(self)
        return self.model_.get_weights()[1::2]

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there is a network."""
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn's tools want to know."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
