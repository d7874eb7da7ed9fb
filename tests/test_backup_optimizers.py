"""A training is taken up with the optimizer it was begun with, or with none."""

import pytest

from digitnet import saving
from digitnet.callbacks import BackupAndRestore
from digitnet.optimizers import SGD, Adam, AdamW
from digitnet.optimizers.schedules import ExponentialDecay
from training_cases import Fails, Stop, fit, model_of, state_of


def model_with(optimizer, seed=5):
    model = model_of(seed)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def interrupted(folder, optimizer):
    with pytest.raises(Stop):
        fit(model_with(optimizer), [BackupAndRestore(folder), Fails("on_epoch_begin", 2)])
    return folder / "backup.safetensors"


def refused(folder, optimizer, sentence):
    model = model_with(optimizer, 8)
    before = state_of(model)
    with pytest.raises(ValueError, match=f"safetensors is no backup of this training: {sentence}"):
        fit(model, [BackupAndRestore(folder)])
    assert state_of(model) == before


@pytest.mark.parametrize(
    ("first", "second", "was", "given"),
    [
        (Adam(), AdamW(), r"Adam\(learning_rate=0.001\)", r"AdamW\(learning_rate=0.001\)"),
        (SGD(0.5), Adam(), r"SGD\(learning_rate=0.5\)", r"Adam\(learning_rate=0.001\)"),
        (Adam(), Adam(clipnorm=1), r"Adam\(clipnorm=None\)", r"Adam\(clipnorm=1.0\)"),
        (SGD(clipvalue=2), SGD(), r"SGD\(clipvalue=2.0\)", r"SGD\(clipvalue=None\)"),
        (SGD(name="a"), SGD(name="b"), r"SGD\(name='a'\)", r"SGD\(name='b'\)"),
        (
            Adam(0.01),
            Adam(ExponentialDecay(0.1, 5, 0.5)),
            r"Adam\(learning_rate=0.01\)",
            r"Adam\(learning_rate=\{.*'ExponentialDecay'.*\}\)",
        ),
        (
            Adam(ExponentialDecay(0.1, 5, 0.5)),
            Adam(ExponentialDecay(0.1, 6, 0.5)),
            r"Adam\(learning_rate=\{.*'decay_steps': 5.0.*\}\)",
            r"Adam\(learning_rate=\{.*'decay_steps': 6.0.*\}\)",
        ),
    ],
)
def test_another_optimizer_is_refused_in_one_sentence(tmp_path, first, second, was, given):
    interrupted(tmp_path, first)
    refused(tmp_path, second, f"the backup is of {was}, compile was given {given}$")


@pytest.mark.parametrize(
    ("settings", "others"),
    [
        (SGD(0.1, 0.9, True, 0.001), SGD(0.3)),
        (Adam(0.01, 0.8, 0.99, 1e-5, clipnorm=1), Adam(0.2, clipnorm=1)),
        (
            AdamW(ExponentialDecay(0.1, 5, 0.5), 0.01),
            AdamW(ExponentialDecay(0.1, 5, 0.5), beta_1=0.5),
        ),
    ],
)
def test_what_may_be_set_anew_comes_from_the_backup(tmp_path, settings, others):
    begun, anew = type(settings).from_config, settings.get_config()
    interrupted(tmp_path, begun(anew))
    resumed, whole = model_with(others, 8), model_with(begun(anew))
    fit(resumed, [BackupAndRestore(tmp_path)])
    fit(whole, [])
    assert state_of(resumed) == state_of(whole)


@pytest.mark.parametrize(
    ("saved", "sentence"),
    [
        (None, "its optimizer must be a mapping. Received: None"),
        ("sgd", "its optimizer must be a mapping. Received: 'sgd'"),
        ({"class_name": "SGD"}, "optimizer must be a mapping with 'class_name' and 'config'"),
        ({"class_name": "SGD", "config": 3}, "optimizer config of SGD must be a mapping"),
        ({"class_name": "SGD", "config": {"momentum": 3}}, "momentum must be a number >= 0"),
    ],
)
def test_a_damaged_optimizer(tmp_path, saved, sentence):
    path = interrupted(tmp_path, SGD())
    settings, tensors = saving.read(path)
    settings["compile"]["optimizer"] = saved
    saving.write(path, settings, tensors)
    refused(tmp_path, SGD(), sentence)
