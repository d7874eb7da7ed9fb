"""What `fit` and `evaluate` refuse of batches that the caller makes."""

import numpy as np
import pytest

from training_cases import BATCHES, SAMPLES, X, Y, model_of, state_of


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ([], ValueError, "x must give at least one batch. Received: an empty list"),
        (iter(()), ValueError, "x must give at least one batch. Received: an empty tuple_iterator"),
        ([X, Y], ValueError, r"x must give batches \(x, y\) .* Received: a ndarray as batch 0"),
        ([(X,)], ValueError, "Received: a tuple of 1 as batch 0"),
        ([(X, Y, Y, Y)], ValueError, "Received: a tuple of 4 as batch 0"),
        ([(X, None)], TypeError, "y of x's batch 0 must be given where x of x's batch 0 is an arr"),
        ([(X, Y[:3])], ValueError, "x of x's batch 0 and y of x's batch 0 must hold equally many"),
        ([(X, Y + 9)], ValueError, r"y of x's batch 0 must hold integer labels in \[0, 3\)"),
        ([(X[:, :2], Y)], ValueError, r"x of x's batch 0 must have shape \(n, 6\)"),
        ([(X * np.nan, Y)], ValueError, "x of x's batch 0 must hold finite numbers"),
        ([(X, Y, -np.ones(SAMPLES))], ValueError, "sample_weight of x's batch 0 must not be negat"),
        (X, TypeError, "y must be given where x is an array. Received: None"),
        ("abc", TypeError, "x must be an array of real numbers"),
        ({"x": X}, TypeError, "x must be an array of real numbers"),
        (3, ValueError, "x must hold samples along its first axis"),
    ],
)
@pytest.mark.parametrize("entry", ["fit", "evaluate"])
def test_bad_batches(x, error, message, entry):
    model = model_of()
    before = state_of(model)
    with pytest.raises(error, match=message):
        getattr(model, entry)(x, verbose=0)
    assert state_of(model) == before


def test_a_bad_batch_keeps_the_steps_before_it():
    model = model_of()
    with pytest.raises(ValueError, match="y of x's batch 2 must hold integer labels"):
        model.fit([*BATCHES[:2], (X, Y + 9)], shuffle=False, verbose=0)
    assert (model.optimizer.iterations, model._core.epochs) == (2, 1)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"steps_per_epoch": 0}, ValueError, "steps_per_epoch must be a positive integer"),
        ({"validation_steps": 1.5}, TypeError, "validation_steps must be a positive integer"),
        ({"validation_batch_size": 0}, ValueError, "validation_batch_size must be a positive int"),
        ({"validation_freq": 0}, ValueError, "validation_freq must be a positive integer"),
        ({"validation_freq": [0]}, ValueError, "validation_freq's epochs must be a positive inte"),
        ({"validation_freq": "2"}, TypeError, "validation_freq must be a positive integer"),
        ({"validation_split": 0.2}, ValueError, "validation_split must be 0 where x gives batches"),
        ({"sample_weight": [1.0]}, ValueError, "sample_weight must come with y, or in the batches"),
        ({"validation_data": 3}, TypeError, r"validation_data must be a tuple \(x, y\) .* int"),
        ({"validation_data": X}, TypeError, r"validation_data must be a tuple \(x, y\) .* ndarray"),
    ],
)
def test_bad_settings(kwargs, error, message):
    with pytest.raises(error, match=message):
        model_of().fit(BATCHES, verbose=0, **kwargs)
