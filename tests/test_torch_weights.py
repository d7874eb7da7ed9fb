"""Weights for PyTorch and from it: names, shapes, every bit, and files that are refused."""

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from digitnet import _core
from digitnet.layers import Dense, Input, Rescaling
from digitnet.models import Sequential
from digitnet.utils import set_random_seed
from weight_models import assert_same_bits, new_model, odd_model


@pytest.fixture(autouse=True)
def seed():
    """Begin every test with the same initial weights."""
    set_random_seed(0)


@pytest.fixture
def model():
    return odd_model()


def test_positions_in_the_equivalent_sequential(model, tmp_path):
    model.save_weights(tmp_path / "w.safetensors", format="torch")
    tensors = load_file(tmp_path / "w.safetensors")
    # Flatten, Rescaling, Linear + ReLU, Dropout, Linear, LeakyReLU, Linear + GELU, Identity, Linear
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    assert shapes == {
        "2.weight": (5, 6), "2.bias": (5,), "5.weight": (4, 5), "7.weight": (4, 4), "7.bias": (4,),
        "10.weight": (3, 4), "10.bias": (3,),
    }  # fmt: skip
    assert_same_bits([tensors["5.weight"].T.copy()], [model.get_weights()[2]])
    with safe_open(tmp_path / "w.safetensors", "numpy") as file:
        assert file.metadata() == {"format": "pt"}


def in_torch(model, net, tmp_path):
    """Return the outputs of a torch.nn.Sequential with the model's weights, as a function of x."""
    import torch
    from safetensors.torch import load_file

    model.save_weights(tmp_path / "w.safetensors", format="torch")
    net.load_state_dict(load_file(tmp_path / "w.safetensors"))  # all names, and no others
    net.eval()
    with torch.no_grad():
        return lambda x: net(torch.from_numpy(x)).detach().numpy()


def test_pytorch_takes_the_file_as_it_is(rng, tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    class Rescale(torch.nn.Module):
        def forward(self, x):
            return x * 0.5 + 0.25

    net = torch.nn.Sequential(
        torch.nn.Flatten(), Rescale(), torch.nn.Linear(6, 5), torch.nn.ReLU(),
        torch.nn.Dropout(0.2), torch.nn.Linear(5, 4, bias=False), torch.nn.LeakyReLU(0.1),
        torch.nn.Linear(4, 4), torch.nn.GELU(), torch.nn.Identity(), torch.nn.Linear(4, 3),
        torch.nn.Softmax(dim=1),
    )  # fmt: skip
    model = new_model()
    run = in_torch(model, net, tmp_path)
    x = rng.standard_normal((50, 2, 3)).astype(np.float32)
    np.testing.assert_allclose(model.predict(x), run(x), rtol=0, atol=1e-6)
    save_file(net.state_dict(), tmp_path / "back.safetensors")
    other = new_model()
    other.load_weights(tmp_path / "back.safetensors")
    assert_same_bits(other.get_weights(), model.get_weights())


# As docs/interchange.md has them.
MODULES = {
    "relu": ("ReLU", {}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": 0.2}),
    "elu": ("ELU", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "softplus": ("Softplus", {}),
    "silu": ("SiLU", {}),
    "gelu": ("GELU", {}),
    "softmax": ("Softmax", {"dim": 1}),
}


@pytest.mark.parametrize("name", _core.ACTIVATIONS)
def test_every_activation_in_pytorch(name, rng, tmp_path):
    nn = pytest.importorskip("torch").nn
    kind, settings = MODULES.get(name, (None, {}))
    active = [getattr(nn, kind)(**settings)] if kind else []  # linear needs no module
    model = Sequential([Input((7,)), Dense(6, name), Dense(3)])
    run = in_torch(model, nn.Sequential(nn.Linear(7, 6), *active, nn.Linear(6, 3)), tmp_path)
    for batch in (1, 60):
        x = rng.normal(0, 2, (batch, 7)).astype(np.float32)
        np.testing.assert_allclose(model.predict(x), run(x), rtol=1e-6, atol=1e-6)


def test_only_the_order_of_the_linear_modules_counts(rng, tmp_path):
    """A network of PyTorch's that keeps its softmax in the loss, and scales before."""
    first, last = rng.standard_normal((12, 6)), rng.standard_normal((3, 12))
    state = {"10.weight": last, "10.bias": np.ones(3), "2.weight": first, "2.bias": np.zeros(12)}
    save_file({k: v.astype(np.float32) for k, v in state.items()}, tmp_path / "w.safetensors")
    model = Sequential([Input((6,)), Rescaling(2), Dense(12, "relu"), Dense(3, "softmax")])
    model.load_weights(tmp_path / "w.safetensors")
    expected = [first.T, np.zeros(12), last.T, np.ones(3)]
    assert_same_bits(model.get_weights(), [w.astype(np.float32).copy("C") for w in expected])


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"0.weight": (3, 2)}, r"Missing or too many: layers\.0\.bias"),
        ({"0.weight": (2, 3), "0.bias": (3,)}, r"0\.weight with shape \(3, 2\), for layers\.0\.ke"),
        ({"0.weight": (3, 2), "0.bias": (2,)}, r"0\.bias with shape \(3,\).* Received: .*\(2,\)"),
        ({"0.weight": (3, 2), "1.bias": (3,)}, "of 1 Linear modules.* Received: 2"),
        ({"0.weight": (3, 2, 1), "0.bias": (3,)}, r"Received: shape \(3, 2, 1\)"),
        ({"fc.weight": (3, 2), "fc.bias": (3,)}, r"Missing or too many: fc\.bias, fc\.weight"),
        ({"00.weight": (3, 2), "0.bias": (3,)}, r"Missing or too many: 0\.bias, 00\.weight"),
    ],
)
@pytest.mark.parametrize("name", ["w.safetensors", "w.npz"])
def test_another_network_of_pytorch(shapes, message, name, tmp_path):
    tensors = {key: np.ones(shape, np.float32) for key, shape in shapes.items()}
    if name.endswith(".npz"):
        np.savez(tmp_path / name, **tensors)
    else:
        save_file(tensors, tmp_path / name)
    model = Sequential([Input((2,)), Dense(3)])
    before = model.get_weights()
    with pytest.raises(ValueError, match=f"{name} holds weights of another model: .*{message}"):
        model.load_weights(tmp_path / name)
    assert_same_bits(model.get_weights(), before)


@pytest.mark.parametrize("dtype", ["float64", "float16", "int32", "bool"])
def test_pytorch_weights_of_another_type(dtype, tmp_path):
    tensors = {"0.weight": np.ones((3, 2), dtype), "0.bias": np.ones(3, np.float32)}
    save_file(tensors, tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match=r"w\.safetensors .* 0\.weight must be float32 \(F32\)"):
        Sequential([Input((2,)), Dense(3)]).load_weights(tmp_path / "w.safetensors")


def test_damaged_pytorch_files(rng, tmp_path):
    model = Sequential([Input((6,)), Dense(5, "relu"), Dense(3)])
    bad = tmp_path / "bad.safetensors"
    model.save_weights(bad, format="torch")
    data, weights = bad.read_bytes(), model.get_weights()
    for length in range(0, len(data), 11):
        bad.write_bytes(data[:length])
        with pytest.raises(ValueError, match=r"bad\.safetensors"):
            model.load_weights(bad)
    header = 8 + int.from_bytes(data[:8], "little")
    named = []
    for position in rng.integers(header, size=300):
        broken = bytearray(data)
        broken[position] ^= 1 << int(rng.integers(8))
        bad.write_bytes(broken)
        try:
            model.load_weights(bad)  # "2.weight" may become "3.weight", which is the same order
        except ValueError as error:
            named.append("bad.safetensors" in str(error) and "\n" not in str(error))
            assert_same_bits(model.get_weights(), weights)
        else:
            model.set_weights(weights)
    assert len(named) > 200
    assert all(named)
