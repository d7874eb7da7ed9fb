"""Models of Keras are loaded without Keras and h5py, or refused in a sentence that says why."""

import builtins
import re

import numpy as np
import pytest

from digitnet.layers import Dense, Flatten, Input
from digitnet.models import Sequential, load_model
from keras_files import SMALL, WEIGHTS, changed, config_of, member, packed

LAYERS = ("config", "layers")


def object_of(class_name, config=None, module="keras.layers"):
    return {"module": module, "class_name": class_name, "config": config or {},
            "registered_name": None}  # fmt: skip


@pytest.fixture
def load(tmp_path):
    """Load a model from bytes in a file called model.keras."""

    def from_bytes(data):
        (tmp_path / "model.keras").write_bytes(data)
        return load_model(tmp_path / "model.keras")

    return from_bytes


@pytest.fixture
def only_numpy(monkeypatch):
    """Refuse to import Keras and h5py."""
    real = builtins.__import__

    def refuse(name, *rest):
        if name.split(".")[0] in ("keras", "h5py"):
            raise AssertionError(f"{name} is imported")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)


def test_what_is_loaded_is_the_model(load, only_numpy):
    model = load(SMALL)
    names = ["flatten", "dense", "dropout", "dense_1"]
    assert (model.name, [layer.name for layer in model.layers]) == ("small", names)
    assert (model.input_shape, model.output_shape) == ((None, 2, 3), (None, 3))
    keras_said = [[0.34339428, 0.28714687, 0.36945888], [0.31159025, 0.2641016, 0.42430812]]
    x = np.arange(12, dtype=np.float32).reshape(2, 2, 3) / 10
    np.testing.assert_allclose(model.predict(x), keras_said, rtol=0, atol=1e-7)
    assert model.optimizer.get_config() == {
        "name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": False,
        "weight_decay": None, "clipnorm": None, "clipvalue": None, "global_clipnorm": None,
    }  # fmt: skip
    assert model.optimizer.iterations == 1
    assert model.metrics_names == ["loss", "accuracy"]
    (velocity,) = model._core.get_slots()
    keras_had = [0.07861762, -0.02285196, -0.05576566]  # of the last bias
    np.testing.assert_allclose(velocity[3], keras_had, rtol=1e-6)


def test_the_name_of_the_file_does_not_matter(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(SMALL)
    model = load_model(str(tmp_path / "model.safetensors"))
    model.save(tmp_path / "model.keras.safetensors")
    again = load_model(tmp_path / "model.keras.safetensors")
    np.testing.assert_equal(again.get_weights(), model.get_weights())


@pytest.mark.parametrize("data", [SMALL, member(SMALL, WEIGHTS)], ids=["keras", "weights.h5"])
def test_weights_alone(tmp_path, load, data, only_numpy):
    (tmp_path / "w").write_bytes(data)
    model = Sequential([Input((6,)), Dense(5, name="other"), Dense(3)])
    model.load_weights(tmp_path / "w")
    np.testing.assert_equal(model.get_weights(), load(SMALL).get_weights())
    for layers, message in [
        ([Flatten(), Dense(5)], r"one array for each weight .*, 0 in layers/dense_1\. Received: 2"),
        ([Dense(5), Dense(3), Dense(3)], r"2 in layers/dense_2\. Received: 0"),
        ([Dense(5), Dense(3, use_bias=False)], r"1 in layers/dense_1\. Received: 2"),
        ([Dense(4), Dense(3)], r"layers/dense/vars/0 with shape \(6, 4\).*Received: shape \(6, 5"),
    ]:
        other = Sequential([Input((6,)), *layers])
        before = other.get_weights()
        with pytest.raises(
            ValueError, match=rf"^\S*w is damaged, or .* another model: .*{message}"
        ):
            other.load_weights(tmp_path / "w")
        np.testing.assert_equal(other.get_weights(), before)


def test_weights_are_no_model(load):
    with pytest.raises(ValueError, match=r"model\.keras .*use load_weights"):
        load(member(SMALL, WEIGHTS))


@pytest.mark.parametrize(
    ("keras", "digitnet"),
    [
        (("ReLU", {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}), ("ReLU", {})),
        (("ReLU", {"negative_slope": 0.25}), ("LeakyReLU", {"negative_slope": 0.25})),
        (("LeakyReLU", {"negative_slope": 0.1}), ("LeakyReLU", {"negative_slope": 0.1})),
        (("ELU", {"alpha": 0.7}), ("ELU", {"alpha": 0.7})),
        (("Softmax", {"axis": -1}), ("Softmax", {})),
        (("Activation", {"activation": "swish"}), ("Activation", {"activation": "silu"})),
        (("Dropout", {"rate": 0.5, "seed": 3, "noise_shape": None}), ("Dropout", {"rate": 0.5})),
        (
            ("Rescaling", {"scale": 2, "offset": 1}),
            ("Rescaling", {"scale": 2.0, "offset": 1.0}),
        ),
    ],
    ids=lambda case: case[0],
)
def test_layers_that_both_have(load, keras, digitnet):
    name, config = keras
    layer = object_of(name, {"name": "one", "trainable": True, "dtype": "float32", **config})
    model = load(packed(changed((*LAYERS, 3), layer)))
    name, config = digitnet
    assert type(model.layers[2]).__name__ == name
    assert model.layers[2].get_config() == {"name": "one", **config}


def penalty(class_name, **config):
    return object_of(class_name, config, "keras.regularizers")


def test_penalties_and_initial_values(load):
    path = (*LAYERS, 2, "config")
    for saved in (penalty("L2", l2=0.25), penalty("L1L2", l1=0.0, l2=0.25)):
        model = load(packed(changed((*path, "kernel_regularizer"), saved)))
        assert model.layers[1].kernel_regularizer.l2 == 0.25
    values = object_of(
        "RandomNormal", {"mean": 1.0, "stddev": 0.5, "seed": 7}, "keras.initializers"
    )
    model = load(packed(changed((*path, "kernel_initializer"), values)))
    assert model.layers[1].kernel_initializer.get_config() == values["config"]


# --- what digitnet cannot compute

DENSE = (*LAYERS, 2, "config")
MASKED = {"module": "builtins", "class_name": "function", "config": "mine", "registered_name": "f"}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("class_name",), "Model", "must be Sequential, or a chain.*'Model'"),
        (("module",), "os", "runs no code of a file.*'os'"),
        (("registered_name",), "mine>Net", "one of Keras' own classes"),
        (("config",), None, "must have a config"),
        (("config", "trainable"), False, "model: trainable must be True"),
        (("config", "dtype"), "mixed_bfloat16", "model: dtype must be 'float32'.*'mixed_bfloat16'"),
        (LAYERS, {}, "layers must be a list"),
        ((*LAYERS, 0, "config", "batch_shape"), [None, None, 3], "'input_layer': .* fixed sizes"),
        ((*LAYERS, 0, "config", "batch_shape"), [None], "fixed sizes"),
        ((*LAYERS, 0, "config", "batch_shape"), [None, 2, 10**30], "at most"),
        ((*LAYERS, 0, "config", "sparse"), True, "'input_layer': sparse must be False"),
        ((*LAYERS, 0, "config", "dtype"), "string", "'input_layer': dtype must be 'float32' or"),
        ((*LAYERS, 1), "Flatten", "a layer must be an object of Keras"),
        ((*LAYERS, 1, "class_name"), "Conv2D", "'flatten' must be of a class .*'Conv2D'"),
        ((*LAYERS, 1, "class_name"), "Lambda", "'flatten' must be of a class .*'Lambda'"),
        ((*LAYERS, 1, "module"), "os.path", "runs no code of a file"),
        ((*LAYERS, 1, "config", "data_format"), "channels_first", "data_format must be"),
        ((*DENSE, "name"), 3, "layer 3: name must be a string"),
        ((*DENSE, "units"), 10**10, "'dense': units must be at most"),
        ((*DENSE, "units"), "5", "'dense': units must be a positive integer"),
        ((*DENSE, "units"), 4, r"layers/dense/vars/0 with shape \(6, 4\)"),
        ((*DENSE, "use_bias"), False, r"1 in layers/dense\. Received: 2"),
        ((*DENSE, "trainable"), False, "'dense': trainable must be True"),
        ((*DENSE, "dtype"), "float64", "'dense': dtype must be 'float32'.*'float64'"),
        ((*DENSE, "dtype", "config", "name"), "float16", "'dense': dtype must be .*'float16'"),
        ((*DENSE, "activation"), "relu6", "'dense': activation must be one of .*'relu6'"),
        ((*DENSE, "activation"), MASKED, "'dense': activation must be a name"),
        ((*DENSE, "kernel_initializer"), object_of("Orthogonal", {}, "keras.initializers"),
         "'dense': kernel_initializer must be one of .*'Orthogonal'"),
        ((*DENSE, "bias_initializer"), MASKED, "bias_initializer must be of one of Keras' own"),
        ((*DENSE, "kernel_initializer", "config", "seed"), "x", "'dense': seed must be"),
        ((*DENSE, "kernel_regularizer"), penalty("L1", l1=1.0), "regularizer must be L2.*'L1'"),
        ((*DENSE, "kernel_regularizer"), penalty("L1L2", l1=1.0, l2=1.0),
         "'dense': kernel_regularizer: l1 must be 0.0"),
        ((*DENSE, "kernel_regularizer"), penalty("L2", l2=-1.0), "'dense': l2 must be"),
        ((*DENSE, "bias_regularizer"), penalty("L2", l2=1.0),
         "'dense': bias_regularizer must be None"),
        ((*DENSE, "kernel_constraint"), object_of("NonNeg", {}, "keras.constraints"),
         "'dense': kernel_constraint must be MaxNorm. Received: 'NonNeg'"),
        ((*DENSE, "kernel_constraint"),
         object_of("MaxNorm", {"max_value": 2, "axis": 1}, "keras.constraints"),
         "'dense': axis must be at most 0"),
        ((*DENSE, "bias_constraint"), object_of("MaxNorm", {}, "keras.constraints"),
         "'dense': bias_constraint must be None"),
        ((*DENSE, "lora_rank"), 4, "'dense': lora_rank must be None"),
        ((*LAYERS, 3, "config", "rate"), 1.5, "'dropout': rate must be"),
        ((*LAYERS, 3, "config", "noise_shape"), [1], "'dropout': noise_shape must be None"),
        ((*LAYERS, 3, "config", "name"), "dense", "layer names must differ"),
    ],
)  # fmt: skip
def test_what_digitnet_has_not_is_named(load, path, value, message):
    with pytest.raises(ValueError, match=message) as error:
        load(packed(changed(path, value)))
    assert re.search(r"model\.keras is damaged, or holds no model that digitnet", str(error.value))
    assert "\n" not in str(error.value)


OPTIMIZER = ("compile_config", "optimizer")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((*OPTIMIZER, "class_name"), "Nadam", "optimizer must be one of SGD, .*'Nadam'"),
        ((*OPTIMIZER, "config", "clipnorm"), -1.0, "clipnorm must be a number > 0"),
        ((*OPTIMIZER, "config", "use_ema"), True, "optimizer: use_ema must be False"),
        ((*OPTIMIZER, "config", "learning_rate"), object_of("Decay"), "learning_rate must be"),
        ((*OPTIMIZER, "config", "momentum"), 2.0, "momentum must be"),
        (OPTIMIZER, "adamax", "optimizer must be .*'adamax'"),
        (("compile_config", "loss"), "poisson", "loss must be one of"),
        (("compile_config", "loss"), MASKED, "loss must be of one of Keras' own classes"),
        (("compile_config", "loss"), object_of("Poisson", {}, "keras.losses"),
         "loss must be one of .*'Poisson'"),
        (("compile_config", "loss"), object_of("Huber", {"reduction": "sum"}, "keras.losses"),
         "loss Huber: reduction must be"),
        (("compile_config", "loss_weights"), [2.0], "compile: loss_weights must be None"),
        (("compile_config", "metrics"), ["auc"], "metric must be one of"),
        (("compile_config", "metrics"), [["accuracy"]], "a metric must be an object"),
        (("compile_config", "metrics"), {"a": "accuracy"}, "metrics must be a list"),
        (("compile_config", "metrics"), [object_of("Accuracy", {}, "keras.metrics")],
         "metrics must be of .*'Accuracy'"),
        (("compile_config", "metrics"),
         [object_of("BinaryAccuracy", {"threshold": 0.7}, "keras.metrics")],
         "metric BinaryAccuracy: threshold must be 0.5"),
        (("compile_config",), [1], "compile_config must be settings"),
    ],
)  # fmt: skip
def test_compile_settings_that_digitnet_has_not(load, path, value, message):
    with pytest.warns(UserWarning, match=message) as warned:
        model = load(packed(changed(path, value)))
    assert "model.keras is loaded without its compile settings" in str(warned[0].message)
    assert warned[0].filename == __file__
    assert model.optimizer is None
    np.testing.assert_equal(model.get_weights(), load(SMALL).get_weights())


def test_a_model_that_was_not_compiled(load):
    assert load(packed(changed(("compile_config",), {}))).optimizer is None


def test_losses_and_metrics_with_settings(load):
    loss = object_of("SparseCategoricalCrossentropy",
                     {"name": "mine", "reduction": "sum_over_batch_size", "from_logits": True,
                      "ignore_class": None}, "keras.losses")  # fmt: skip
    hits = object_of("SparseCategoricalAccuracy", {"name": "hits", "dtype": "float32"},
                     "keras.metrics")  # fmt: skip
    config = changed(("compile_config", "loss"), loss)
    model = load(packed(changed(("compile_config", "metrics"), ["acc", hits], config)))
    assert model.metrics_names == ["loss", "acc", "hits"]
    found = model._settings.loss.get_config()
    assert found == {"name": "mine", "from_logits": True, "label_smoothing": 0.0}


# --- Functional models


def chain():
    """Return the config of SMALL as a Functional model would have it."""
    config = config_of()
    before = None
    for layer in config["config"]["layers"]:
        name = layer["name"] = layer["config"]["name"]
        tensor = object_of("__keras_tensor__", {"keras_history": [before, 0, 0]})
        layer["inbound_nodes"] = [{"args": [tensor], "kwargs": {"mask": None}}] if before else []
        before = name
    config |= {"class_name": "Functional", "module": "keras.src.models.functional"}
    del config["config"]["build_input_shape"]
    config["config"] |= {"input_layers": ["input_layer", 0, 0], "output_layers": [[before, 0, 0]]}
    return config


def test_a_functional_chain(load):
    model, expected = load(packed(chain())), load(SMALL)
    assert model.get_config() == expected.get_config()
    np.testing.assert_equal(model.get_weights(), expected.get_weights())


NODES = (*LAYERS, 3, "inbound_nodes")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (NODES, []),
        (NODES, [1]),
        (NODES, None),
        ((*NODES, 0, "args"), []),
        ((*NODES, 0, "args"), [1]),
        ((*NODES, 0, "args", 0, "config", "keras_history"), ["flatten", 0, 0]),
        ((*NODES, 0, "kwargs"), {"mask": 1}),
        ((*LAYERS, 3), 5),
        (("config", "input_layers"), ["dense", 0, 0]),
        (("config", "output_layers"), [["dense", 0, 0], ["dense_1", 0, 0]]),
        (("config", "output_layers"), "dense_1"),
        (LAYERS, []),
    ],
)
def test_a_functional_model_that_is_no_chain(load, path, value):
    with pytest.raises(ValueError, match=r"must be a chain of layers|must be objects of Keras"):
        load(packed(changed(path, value, chain())))
