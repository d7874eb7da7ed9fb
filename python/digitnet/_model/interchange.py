"""Weights in files of several formats, and models for other runtimes."""

from __future__ import annotations

from digitnet import saving
from digitnet._checks import flag, text
from digitnet._identifiers import unknown
from digitnet._model import state as model_state
from digitnet._model import weight_files
from digitnet._model.trainer import Trainer
from digitnet.utils.atomic import atomic_file


class Interchange(Trainer):
    """What a model hands over to other programs, and takes from them."""

    def save_weights(self, filepath: saving.PathLike, *, format: str = "digitnet") -> None:
        """Write the weights alone, in one step.

        Parameters
        ----------
        filepath : str or path
            The file; its ending says which kind: .safetensors, NumPy's .npz, or Keras' .weights.h5.
        format : {"digitnet", "torch"}
            How the weights are named and laid out. "digitnet": ``layers.{i}.kernel``, (in, units),
            and ``layers.{i}.bias``, (units,), in Keras' order, ``i`` counting the layers from 0.
            "torch": ``{i}.weight``, (units, in), and ``{i}.bias``, as ``load_state_dict`` of a
            ``torch.nn.Sequential`` takes them that has one module for each layer and, after a
            Dense with an activation, one for that.

        Raises
        ------
        ValueError
            The model is not built, its weights are not finite, the ending is another, or the format
            unknown.
        ImportError
            ``filepath`` ends in .weights.h5, and h5py (the extra "keras") is not installed.
        TypeError
            ``filepath`` is not a path, or ``format`` not a string.
        OSError
            The file cannot be written.
        """
        core = self._require_core("save_weights")
        tensors = model_state.tensors_of(self._weight_shapes(), core)
        weight_files.write(filepath, self._layers, tensors, format)

    def load_weights(self, filepath: saving.PathLike) -> None:
        """Take the weights, float32, from a file that `save_weights` or `save` wrote, bit for bit.

        Also from the .safetensors file of a ``torch.nn.Sequential``'s ``state_dict``, of which only
        the order of the Linear modules counts, and from ``np.savez(filepath, *weights)`` with the
        weights in the order of `get_weights`, and from Keras' .weights.h5 and .keras files, for
        which Keras is not needed. The content tells the format.

        Raises
        ------
        FileNotFoundError, OSError
            The file is not there or cannot be read.
        ValueError
            The model is not built, or the file is damaged or holds weights of another model;
            nothing is changed then.
        TypeError
            ``filepath`` is not a path.
        """
        core = self._require_core("load_weights")
        core.set_weights(weight_files.read(filepath, self._weight_shapes()))

    def export(
        self, filepath: saving.PathLike, format: str = "onnx", verbose: bool | None = None
    ) -> None:
        """Write the model for other runtimes: an ONNX file of opset 17, in one step.

        The file computes what `predict` does, from "input", float32 (batch, *input shape), to
        "output", float32 (batch, *output shape), for any number of samples.

        Parameters
        ----------
        filepath : str or path
            The file; it must end in .onnx.
        format : {"onnx"}
            The one format there is. Neither the onnx package nor another library is needed.
        verbose : bool, optional
            True prints a line when done.

        Raises
        ------
        ValueError
            The model is not built, its weights are not finite or take more than 2 GiB, the ending
            is another, or the format unknown.
        TypeError
            An argument of another type.
        OSError
            The file cannot be written.
        """
        core = self._require_core("export")
        if text(format, "format") != "onnx":
            raise unknown("format", format, ["'onnx'"])
        loud = verbose is not None and flag(verbose, "verbose")
        target = saving.checked_path(filepath, (".onnx",))
        from digitnet import __version__, _onnx  # here: `import digitnet` should not pay for them

        tensors = model_state.tensors_of(self._weight_shapes(), core)
        saving.check_finite(tensors)
        shapes = self._shapes(self._input_shape or ())  # it is known where there is a core
        content = _onnx.model_proto(self.name, self._layers, shapes, tensors, __version__)
        with atomic_file(target) as file:
            file.writelines(content)
        if loud:
            print(f"Saved {self.name!r} to {target}: input {shapes[0]}, output {shapes[-1]}")
