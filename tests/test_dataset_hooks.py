"""`on_epoch_begin` and `on_epoch_end` of a data set of batches, around every pass over it."""

import pytest

from batch_sources import Dataset
from digitnet.callbacks import LambdaCallback
from digitnet.layers import Dense
from digitnet.models import Sequential
from training_cases import model_of


@pytest.mark.parametrize("built", [True, False])
def test_hooks_of_a_dataset_are_called_around_every_pass_of_training_and_tests(built):
    def a_model():
        model = model_of() if built else Sequential([Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    trained, tested, model = Dataset(), Dataset(), a_model()
    settings = {"verbose": 0, "class_weight": {0: 2.0}}
    model.fit(trained, epochs=3, validation_data=tested, validation_steps=2, **settings)
    assert trained.told == tested.told == ["begin", "end"] * 3
    for call in (a_model().evaluate, a_model().predict):
        for steps in (None, 2):
            dataset = Dataset()
            call(dataset, steps=steps, verbose=0)
            assert dataset.told == ["begin", "end"]


def test_a_pass_may_take_several_epochs_and_is_ended_with_the_training():
    dataset, seen = Dataset(), []
    note = LambdaCallback(on_epoch_end=lambda e, logs: seen.append(len(dataset.told)))
    model_of().fit(dataset, epochs=5, steps_per_epoch=2, verbose=0, callbacks=[note])
    assert seen == [1, 2, 3, 4, 5]
    assert dataset.told == ["begin", "end"] * 3
