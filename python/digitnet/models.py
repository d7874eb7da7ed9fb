"""`Sequential`, the model, and `load_model`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from digitnet import _core, saving
from digitnet._identifiers import public_functions
from digitnet._model import files
from digitnet._model import state as model_state
from digitnet._model.compile import TrainingSettings
from digitnet._model.interchange import Interchange
from digitnet._model.layer_list import walk, weight_shapes
from digitnet._model.network import parse_config

__all__ = ["Sequential", "load_model"]


class Sequential(Interchange):
    """A stack of layers that is trained, tested and asked for predictions.

    Parameters
    ----------
    layers : list of Layer, optional
        The first may be an `Input`; more can be added with `add`.
    device : {"auto", "cpu", "cuda"}
        Where to compute; "auto" takes the GPU if there is a usable one that can train the model as
        it is compiled (see `digitnet.optimizers.Optimizer`), else the CPU.
    precision : {"float32", "tf32", "bfloat16"}
        How a GPU computes products: "float32" as the CPU does, or, faster, by tensor cores that
        round the factors to 11 or 8 bits. Weights and sums are float32 in each. With "auto" and no
        GPU, the CPU computes in float32.
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
    Samples ``x`` are (n, *input shape), of any real dtype: NumPy arrays, buffers, nested lists, or
    whatever has ``__array__`` or ``__dlpack__``, such as tensors in the CPU's memory and tables of
    pandas. uint8 and float32 are read where they lie, also from slices and views; booleans are
    converted to uint8, other dtypes to float32, once. A CSR matrix of scipy.sparse, (n, features),
    gives the same bits; at most one batch of it is made dense. Targets ``y`` are labels, (n,) or
    (n, 1), for the sparse loss, else (n, outputs); (n,) will do for one output. ``sample_weight``
    is (n,), finite and >= 0. Data are checked before the first step: whatever does not fit raises
    ValueError, for types and dtypes TypeError, and leaves the model as it was.

    `fit`, `evaluate` and `predict` take ``copy=False``, as ``numpy.asarray`` does: data that would
    have to be converted or copied raise ValueError then. What need not be are samples of these two
    dtypes in C order, or with rows in any places; int32 labels; float32 targets and weights, these
    and the labels contiguous; and CSR matrices of uint8 or float32, their indices in order and of
    one type. (A step still gathers its samples as it computes with them, and ``steps_per_epoch``
    with ``shuffle`` an epoch's.)

    Weights beyond the machine's memory raise ValueError when the model is built; later, any method
    may raise MemoryError.

    A model can be pickled and copied: the copy, also of ``copy.copy``, is a model of its own with
    the same weights (finite, as `save` needs them), settings and state of training, but without
    ``history``.
    """

    # --- files

    def save(self, filepath: saving.PathLike) -> None:
        """Write architecture, weights, compile settings and the state of training to one file.

        The name's ending says the format: ``.safetensors``, digitnet's own, which keeps everything;
        or ``.keras``, which `keras.saving.load_model` of Keras 3 reads (docs/keras.md says what it
        keeps). The file is replaced in one step. Saving a model that was loaded from
        ``.safetensors`` gives the same bytes again.

        Raises
        ------
        ValueError
            The model is not built, its weights are not finite, Keras does not take a name or seed
            in it, or ``filepath`` has another ending.
        ImportError
            ``filepath`` ends in .keras, and h5py (the extra "keras") is not installed.
        OSError
            The file cannot be written.

        Warns
        -----
        UserWarning
            Keras has no such loss, so that its file goes without compile settings.
        """
        self._require_core("save")
        files.write_model(filepath, self._content())

    def _content(self) -> saving.ModelFile:
        """Return all that a file holds; for an unbuilt model, neither weights nor counters."""
        settings = self._settings
        core, names = self._core, self._weight_shapes()
        slots = () if settings is None else settings.optimizer.slots
        return saving.ModelFile(
            {
                "model": self.get_config(),
                "compile": None if settings is None else settings.get_config(),
                "training": None if core is None else model_state.training_state(core, settings),
            },
            {} if core is None else model_state.tensors_of(names, core, slots),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Say how to rebuild the model, for pickle and copy."""
        return _rebuilt, (type(self), *self._content(), *self._machine)

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
        names = () if self._settings is None else self._settings.optimizer.slots
        slots = model_state.pick_slots(tensors, shapes, names)
        received = walk(layers, input_shape)
        by_layer = {
            id(layer): [next(weights) for _ in layer.weight_shapes(shape)]
            for layer, shape in zip(layers, received, strict=False)
        }
        self.name, self._seed = name, state["seed"]
        self._set_layers(layers, input_shape, by_layer)
        core = self._require_core("load_model")
        core.set_slots(slots)
        self._take_counters(core, state)

    def _take_counters(self, core: _core.Model, state: Mapping[str, int]) -> None:
        core.iterations, core.epochs = state["iterations"], state["epochs"]
        if self._settings is not None:
            self._settings.optimizer.iterations = state["optimizer_iterations"]

    # --- for BackupAndRestore

    def _backup_fit(self, filepath: saving.PathLike, finished_epoch: bool) -> None:
        """Write all that the running `fit` needs to go on from here; raises as `save`."""
        from digitnet._model import resume  # here: `import digitnet` should not pay for it

        place, tensors = resume.place_of(self._require_loop(), finished_epoch, self.stop_training)
        content = self._content()
        saving.write(filepath, {**content.settings, "fit": place}, content.tensors | tensors)

    def _resume_fit(self, filepath: saving.PathLike) -> None:
        """Let the running `fit` go on where a backup says; raises as `resume.read`."""
        from digitnet._model import resume

        loop, shapes = self._require_loop(), self._weight_shapes()
        backup = resume.read(filepath, shapes, self._require_compiled())
        self.stop_training = resume.go_to(loop, backup, filepath)
        loop.core.set_weights(backup.weights)
        self._seed = loop.core.seed = backup.state["seed"]
        self._take_counters(loop.core, backup.state)


for _function in public_functions(Sequential.__mro__[1:-1]):  # Python's TypeErrors name them
    _function.__qualname__ = f"Sequential.{_function.__name__}"


def _rebuilt(
    cls: type[Sequential],
    settings: Mapping[str, Any],
    tensors: saving.Tensors,
    device: str,
    precision: str,
) -> Sequential:
    """Return the model with this content, as pickle and copy ask for."""
    model = cls(device=device, precision=precision)
    if settings["training"] is not None:
        model._restore(settings, tensors)
        return model
    model.name, layers, shape = parse_config(settings["model"])
    model._set_layers(layers, shape)
    if settings["compile"] is not None:
        model._settings = TrainingSettings.from_config(settings["compile"])
    return model


def load_model(
    filepath: saving.PathLike, *, device: str = "auto", precision: str = "float32"
) -> Sequential:
    """Return the model that `Sequential.save` wrote, ready to predict and to train on.

    A ``.keras`` file of Keras 3 is read, too, where digitnet has its layers (docs/keras.md lists
    them); neither Keras nor h5py is needed, and nothing in the file is executed.

    Parameters
    ----------
    filepath : str or path
        The file; its content tells the format, whatever its name is.
    device, precision : str
        As for `Sequential`.

    Raises
    ------
    FileNotFoundError, OSError
        The file is not there or cannot be read.
    ValueError
        The file is damaged, of another format or a newer one, or holds a model of Keras that
        digitnet cannot compute; the sentence names the file, layer and setting.
    RuntimeError
        The device cannot be used.

    Warns
    -----
    UserWarning
        digitnet has not the optimizer, loss or metrics of a Keras model; it is not compiled then.
    """
    model = Sequential(device=device, precision=precision)
    settings, tensors = files.read_model(filepath)
    try:
        model._restore(settings, tensors)
    except (TypeError, ValueError) as error:
        raise saving.damaged(filepath, error) from None
    return model
