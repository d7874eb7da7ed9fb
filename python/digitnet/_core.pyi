"""The compiled core: what the Python package needs from C++, and nothing more.

Arrays are checked here once more (a wrong shape or dtype raises, it never crashes), but the
sentences meant for people come from the Python package above.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float32]
DenseSamples: TypeAlias = NDArray[np.uint8] | NDArray[np.float32]  # (n, features), any strides
Targets: TypeAlias = NDArray[np.int32] | NDArray[np.float32]  # (n,) labels or (n, outputs)
Samples: TypeAlias = "Csr | DenseSamples"
# samples done, mean loss, mean metrics
Progress: TypeAlias = Callable[[int, float, list[float]], None]

ACTIVATIONS: list[str]
LOSSES: list[str]
METRICS: list[str]
INITIALIZERS: list[str]

def cpu_isa() -> str: ...
def supported_cpu_isas() -> list[str]: ...
def num_threads() -> int: ...
def set_num_threads(count: int) -> None: ...

# name, compute capability, multiprocessors, bytes of memory
def cuda_devices() -> list[tuple[str, tuple[int, int], int, int]]: ...
def cuda_plugin() -> str: ...  # what it was built with; empty where there is none
def why_no_cuda() -> str: ...  # empty where device="cuda" works
def initialize(
    name: str, rows: int, cols: int, fan_in: int, fan_out: int, a: float, b: float, seed: int
) -> FloatArray: ...
def philox(seed: int, counter: Sequence[int]) -> list[int]: ...
def shuffled_order(count: int, seed: int, epoch: int) -> list[int]: ...
def augment(
    x: DenseSamples,
    out: DenseSamples,  # C-contiguous, of x's shape and dtype
    image_shape: Sequence[int],  # rows, columns, channels
    *,
    shift: Sequence[float],  # each: low, high
    rotation: Sequence[float],
    scale: Sequence[float],
    shear: Sequence[float],
    alpha: float,
    sigma: float,
    fill_value: float,
    seed: int,
    epoch: int,
) -> None: ...
def first_nonfinite(x: Samples) -> tuple[int, int] | None: ...
def first_label_outside(labels: NDArray[np.int32], classes: int) -> int | None: ...

class Csr:
    """Samples (rows, features) in compressed sparse rows; ``canonical`` ones can be read.

    That is where columns ascend in every row, none twice. Slices share the data.
    """

    def __init__(
        self,
        data: DenseSamples,  # (stored,), contiguous, as the others
        indices: NDArray[np.integer],
        indptr: NDArray[np.integer],
        rows: int,
        features: int,
        name: str,
    ) -> None: ...
    @property
    def canonical(self) -> bool: ...
    def __len__(self) -> int: ...
    def __getitem__(self, rows: slice) -> Csr: ...

class Layer:
    def __init__(
        self,
        kind: str,
        *,
        units: int = 0,
        activation: str = "linear",
        alpha: float = 0.0,
        use_bias: bool = True,
        kernel_l2: float = 0.0,
        kernel_max_norm: float = ...,
        rate: float = 0.0,
        scale: float = 1.0,
        offset: float = 0.0,
    ) -> None: ...

class Loss:
    def __init__(
        self,
        kind: str,
        *,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        delta: float = 1.0,
    ) -> None: ...

class Sgd:
    def __init__(
        self,
        learning_rate: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None: ...

class Adam:
    def __init__(
        self,
        learning_rate: float,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float = 0.0,
    ) -> None: ...

class Optimizer:
    """A rule, limits of its gradients (infinity: none), and its next steps; Sgd will do for one."""

    def __init__(
        self,
        rule: Sgd | Adam,
        *,
        clipvalue: float = ...,
        clipnorm: float = ...,
        global_clipnorm: float = ...,
        rates: FloatArray | None = None,  # (steps,) learning rates instead of the rule's
        iterations: int = 0,
    ) -> None: ...
    @property
    def missing_on_cuda(self) -> str: ...  # in words; empty where device="cuda" can do it

class KernelTable:
    """One instruction set's kernels, for tests and micro-benchmarks; float32 arrays in and out."""

    def __init__(self, isa: str) -> None: ...
    @property
    def name(self) -> str: ...
    def multiply(
        self,
        a: FloatArray,
        b: FloatArray,
        bias: FloatArray | None = None,
        transpose_a: bool = False,
    ) -> FloatArray: ...
    def sparse_multiply(
        self,
        a: DenseSamples,
        b: FloatArray,
        bias: FloatArray | None = None,
        w: FloatArray | None = None,
        rate: float = 0.0,
    ) -> FloatArray: ...  # a b + bias, or w - rate a b
    def listed_multiply(
        self, a: FloatArray, b: FloatArray, bias: FloatArray | None = None
    ) -> FloatArray: ...
    def transpose(self, x: FloatArray) -> FloatArray: ...
    def convert(self, x: DenseSamples, scale: float, offset: float) -> FloatArray: ...
    def activate(self, activation: str, alpha: float, z: FloatArray) -> FloatArray: ...
    def activate_backward(
        self, activation: str, alpha: float, z: FloatArray, a: FloatArray, da: FloatArray
    ) -> FloatArray: ...
    def loss_rows(
        self,
        loss: Loss,
        fused: bool,
        output: FloatArray,
        targets: Targets,
        weights: FloatArray | None,
        scale: float,
    ) -> tuple[NDArray[np.float64], FloatArray, FloatArray]: ...  # row_loss, delta, output
    def dropout_mask(
        self,
        rows: int,
        cols: int,
        rate: float,
        seed: int,
        iteration: int,
        first_row: int,
        layer: int,
    ) -> FloatArray: ...
    def noise(
        self, seed: int, counter: Sequence[int], count: int
    ) -> tuple[FloatArray, FloatArray]: ...  # (1, count) each: from the words' low and high halves
    def filter(self, weights: FloatArray, x: FloatArray, step: int, cols: int) -> FloatArray: ...
    def product(self, x: FloatArray, y: FloatArray) -> FloatArray: ...
    def sum_rows(self, d: FloatArray) -> FloatArray: ...
    def sgd(
        self, sgd: Sgd, l2: float, w: FloatArray, g: FloatArray, velocity: FloatArray | None
    ) -> tuple[FloatArray, FloatArray | None]: ...
    def adam(
        self,
        decay: float,
        gain_1: float,
        gain_2: float,
        alpha: float,
        epsilon: float,
        l2: float,
        w: FloatArray,
        g: FloatArray,
        m: FloatArray,
        v: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray]: ...  # w, m, v
    def clip(
        self, l2: float, scale: float, limit: float, w: FloatArray, g: FloatArray
    ) -> FloatArray: ...
    def max_norm(self, limit: float, w: FloatArray) -> FloatArray: ...
    def sum_squares(self, w: FloatArray) -> float: ...

class Result:
    samples: int
    loss: float
    metrics: list[float]

class Hold:
    @property
    def on_device(self) -> bool: ...
    def release(self) -> None: ...

class Model:
    def __init__(
        self,
        input_size: int,
        layers: Sequence[Layer],
        device: str,
        seed: int,
        precision: str = "float32",
    ) -> None: ...
    @property
    def device(self) -> str: ...
    # isa; dense, sparse: (rows, columns) of outputs summed side by side; threads of the last call
    # (0: there was none), density of its samples, skips_zeros, hidden_skip_below
    def report(self) -> dict[str, object]: ...
    @property
    def output_size(self) -> int: ...
    iterations: int
    epochs: int
    seed: int
    def get_weights(self) -> list[FloatArray]: ...
    def set_weights(self, weights: Sequence[FloatArray]) -> None: ...
    # Of the optimizer, each like the weights: none, velocity, or m and v.
    def get_slots(self) -> list[list[FloatArray]]: ...
    def set_slots(self, slots: Sequence[Sequence[FloatArray]]) -> None: ...
    # Until the result goes, the data stay as they are: a GPU keeps a copy, if it has room.
    def hold(self, x: Samples, y: Targets, sample_weight: FloatArray | None) -> Hold: ...
    def train_epoch(
        self,
        x: Samples,
        y: Targets,
        sample_weight: FloatArray | None,
        batch_size: int,
        shuffle: bool,
        loss: Loss,
        metrics: Sequence[str],
        optimizer: Optimizer,
        progress: Progress | None,
    ) -> Result: ...
    def train_batch(
        self,
        x: Samples,
        y: Targets,
        sample_weight: FloatArray | None,
        loss: Loss,
        metrics: Sequence[str],
        optimizer: Optimizer,
    ) -> Result: ...
    def evaluate(
        self,
        x: Samples,
        y: Targets,
        sample_weight: FloatArray | None,
        loss: Loss,
        metrics: Sequence[str],
        progress: Progress | None,
    ) -> Result: ...
    def predict(self, x: Samples) -> FloatArray: ...
    # As predict, for an array (n, *sample_shape) of uint8 or finite float32 in C order; None, with
    # nothing done, where x is anything else.
    def predict_plain(self, x: object, sample_shape: tuple[int, ...]) -> FloatArray | None: ...
    def gradients(
        self,
        x: Samples,
        y: Targets,
        sample_weight: FloatArray | None,
        loss: Loss,
        training: bool,
    ) -> list[FloatArray]: ...
    def apply_gradients(self, gradients: Sequence[FloatArray], optimizer: Optimizer) -> None: ...
