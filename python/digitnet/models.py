"""`Sequential`, the model, and `load_model`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitnet import saving
from digitnet._checks import integer
from digitnet._data import FloatArray, as_samples
from digitnet._model import state as model_state
from digitnet._model.compile import TrainingSettings
from digitnet._model.layer_list import walk, weight_shapes
from digitnet._model.network import parse_config
from digitnet._model.progress import ProgressLine, verbosity
from digitnet._model.trainer import Trainer

__all__ = ["Sequential", "load_model"]


class Sequential(Trainer):
    """A stack of layers that is trained, tested and asked for predictions.

    Parameters
    ----------
    layers : list of Layer, optional
        The first may be an `Input`; more can be added with `add`.
    device : {"auto", "cpu", "cuda"}
        Where to compute; "auto" takes the GPU if there is a usable one, else the CPU.
    name : str, optional
        Only for `summary` and the saved configuration.

    Raises
    ------
    TypeError, ValueError
        An argument that does not fit, or layers that do not fit each other.
    RuntimeError
        The device cannot be used here; the sentence says why.

    Notes
    -----
    Samples ``x`` are (n, *input shape), of any real dtype. uint8 and float32 arrays are read where
    they lie; others are converted to float32 once. Targets ``y`` are labels, (n,) or (n, 1), for
    the sparse loss and (n, outputs) for the others; (n,) will do for one output.
    ``sample_weight`` is (n,), finite and >= 0. Data are checked before the first step: whatever
    does not fit raises ValueError, for dtypes TypeError, and leaves the model as it was.
    """

    def predict(
        self, x: ArrayLike, batch_size: int | None = None, verbose: int | str = 0
    ) -> FloatArray:
        """Return the model's outputs, with dropout off. May be called from several threads.

        Parameters
        ----------
        x : array
            See the class.
        batch_size : int, optional
            Accepted for Keras' sake: the core cuts the samples as its cache likes.
        verbose : {0, 1, 2, "auto"}
            1 and 2 print a line when done.

        Returns
        -------
        float32 array of shape (n, outputs)

        Raises
        ------
        ValueError
            The model is not built, or an argument does not fit.
        TypeError
            ``x`` does not hold real numbers.
        """
        core = self._require_core("predict")
        if batch_size is not None:
            integer(batch_size, "batch_size")
        level = verbosity(verbose)
        shape = self._input_shape or ()
        rows = as_samples(x, "x", shape)
        line = ProgressLine(len(rows), [], level)
        output = core.predict(rows)
        line.finish({})
        return output.reshape(len(rows), *self._shapes(shape)[-1])

    def predict_classes(
        self, x: ArrayLike, batch_size: int | None = None, verbose: int | str = 0
    ) -> NDArray[np.int64]:
        """Return the class of every sample, int64 (n,).

        It is the index of the largest output; for a single output, 1 where it is above 0.5, else 0.
        Arguments and errors as `predict`.
        """
        output = self.predict(x, batch_size, verbose)
        rows = output.reshape(len(output), -1)
        classes = rows[:, 0] > 0.5 if rows.shape[1] == 1 else rows.argmax(axis=1)
        return np.asarray(classes, dtype=np.int64)

    # --- files

    def save(self, path: saving.PathLike) -> None:
        """Write architecture, weights, compile settings and the state of training to one file.

        The file (safetensors) is replaced in one step, and saving a loaded model gives the same
        bytes again.

        Raises
        ------
        ValueError
            The model is not built, its weights are not finite, or ``path`` does not end in
            .safetensors.
        OSError
            The file cannot be written.
        """
        core = self._require_core("save")
        settings = {
            "model": self.get_config(),
            "compile": None if self._settings is None else self._settings.get_config(),
            "training": model_state.training_state(core, self._settings),
        }
        saving.write(
            path, settings, model_state.tensors_of(self._weight_shapes(), core, velocity=True)
        )

    def save_weights(self, path: saving.PathLike) -> None:
        """Write the weights alone; raises as `save`."""
        core = self._require_core("save_weights")
        saving.write(path, {}, model_state.tensors_of(self._weight_shapes(), core))

    def load_weights(self, path: saving.PathLike) -> None:
        """Take the weights from a file that `save_weights` or `save` wrote.

        Raises
        ------
        FileNotFoundError, OSError
            The file is not there or cannot be read.
        ValueError
            The model is not built, or the file is damaged or holds weights of another model;
            nothing is changed then.
        """
        core = self._require_core("load_weights")
        _, tensors = saving.read(path)
        try:
            weights = model_state.pick(tensors, self._weight_shapes())
        except ValueError as error:
            raise ValueError(f"{path} holds weights of another model: {error}") from None
        core.set_weights(weights)

    def _restore(self, settings: Mapping[str, Any], tensors: saving.Tensors) -> None:
        """Become the model that a file describes; only for a model that is nothing yet."""
        name, layers, input_shape = parse_config(settings["model"])
        if not layers or input_shape is None:
            raise ValueError("its model has no layers or no input shape")
        compiled = settings["compile"]
        if compiled is not None:
            self._settings = TrainingSettings.from_config(compiled)
        state = model_state.checked_training_state(settings["training"])
        shapes = weight_shapes(layers, input_shape)
        weights = iter(model_state.pick(tensors, shapes))
        velocity = []  # none before the first step with momentum
        if any(name.startswith(model_state.VELOCITY) for name in tensors):
            velocity = model_state.pick(tensors, shapes, model_state.VELOCITY)
        received = walk(layers, input_shape)
        by_layer = {
            id(layer): [next(weights) for _ in layer.weight_shapes(shape)]
            for layer, shape in zip(layers, received, strict=False)
        }
        self.name, self._seed = name, state["seed"]
        self._set_layers(layers, input_shape, by_layer)
        core = self._require_core("load_model")
        core.set_velocity(velocity)
        core.iterations, core.epochs = state["iterations"], state["epochs"]
        if self._settings is not None:
            self._settings.optimizer.iterations = state["optimizer_iterations"]


def load_model(path: saving.PathLike, device: str = "auto") -> Sequential:
    """Return the model that `Sequential.save` wrote, ready to predict and to train on.

    Parameters
    ----------
    path : str or path
        The file.
    device : {"auto", "cpu", "cuda"}
        As for `Sequential`.

    Raises
    ------
    FileNotFoundError, OSError
        The file is not there or cannot be read.
    ValueError
        The file is damaged, not digitnet's, or of a newer format; the sentence names it.
    RuntimeError
        The device cannot be used.
    """
    model = Sequential(device=device)
    settings, tensors = model_state.file_parts(path)
    try:
        model._restore(settings, tensors)
    except (TypeError, ValueError) as error:
        raise saving.damaged(path, error) from None
    return model
