"""A network that is trained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from numpy.typing import ArrayLike

from digitnet._arrays import FloatArray
from digitnet._checks import flag, integer
from digitnet._data import SamplesLike
from digitnet._model import fit as fitting
from digitnet._model.evaluator import Evaluator, returned
from digitnet._model.progress import verbosity
from digitnet._weights import as_weights
from digitnet.callbacks import Callback, CallbackList, History


class Trainer(Evaluator):
    """What changes a model's weights."""

    history: History | None = None
    """What the latest `fit` returned, or would have returned had it not been interrupted."""
    stop_training: bool = False
    """Set by a callback: ends `fit` after the current epoch."""

    def fit(
        self,
        x: SamplesLike,
        y: ArrayLike,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Iterable[Callback] | Callback | None = None,
        validation_split: float = 0.0,
        validation_data: tuple[Any, ...] | list[Any] | None = None,
        shuffle: bool = True,
        *,
        sample_weight: ArrayLike | None = None,
        initial_epoch: int = 0,
        nb_epoch: int | None = None,
    ) -> History:
        """Train for some epochs: each visits every sample once, in mini-batches.

        Parameters
        ----------
        x, y, sample_weight : arrays
            See the class.
        batch_size : int, optional
            Samples in a step; None is 32. The last step of an epoch takes what remains.
        epochs : int
            Number of the last epoch; with ``initial_epoch`` 0, how many there are. 0 trains
            nothing.
        verbose : {"auto", 0, 1, 2}
            0: silent. 1 and "auto": a progress line. 2: a line without bar for every epoch.
        callbacks : Callback or list of Callback, optional
            See `digitnet.callbacks`. They may not add or pop layers, nor compile.
        validation_split : float in [0, 1)
            Fraction of the samples, taken from the end, that is only tested after every epoch.
        validation_data : (x, y) or (x, y, sample_weight), optional
            The same with other data; wins over ``validation_split``.
        shuffle : bool
            Visit the samples in a new random order every epoch.
        initial_epoch : int
            Epoch to begin with, counted from 0.
        nb_epoch : int, optional
            The old Keras spelling of ``epochs``.

        Returns
        -------
        History
            ``history.history`` maps "loss", the metrics' names and the same with "val_" to one
            float for each epoch. Training losses and metrics are means over the epoch, while the
            weights change. On KeyboardInterrupt the model keeps the steps done, and
            ``model.history`` the finished epochs.

        Raises
        ------
        ValueError, TypeError
            Not compiled, or an argument that does not fit.
        """
        settings = self._require_compiled()
        if nb_epoch is not None:
            if epochs != 1:
                raise ValueError(
                    f"epochs and nb_epoch say the same; give one. Received: {epochs} and {nb_epoch}"
                )
            epochs = integer(nb_epoch, "nb_epoch", 0)
        batch_size = 32 if batch_size is None else integer(batch_size, "batch_size")
        plan = fitting.Plan(
            batch_size,
            integer(initial_epoch, "initial_epoch", 0),
            integer(epochs, "epochs", 0),
            flag(shuffle, "shuffle"),
            verbosity(verbose),
        )
        history = History()
        everyone = CallbackList(callbacks)
        everyone.callbacks.append(history)
        data = self._data(x, y, sample_weight)
        if validation_data is None:
            data, validation = fitting.split(data, validation_split)
        else:
            validation = self._validation(validation_data, x)
        core = self._build_for(x)
        self.history, self.stop_training = history, False
        everyone.set_model(self)
        everyone.set_params(
            {
                "epochs": plan.last_epoch,
                "steps": -(-len(data.x) // batch_size),
                "samples": len(data.x),
                "verbose": plan.verbose,
            }
        )
        outer, self._fitting = self._fitting, True  # a callback may fit, too
        try:
            fitting.run_epochs(
                core, settings, plan, data, validation, everyone, lambda: self.stop_training
            )
        finally:
            self._fitting = outer
        return history

    def train_on_batch(
        self,
        x: SamplesLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Make one step with all the samples; return their loss and metrics before it.

        Returns as `evaluate`, for this batch alone (Keras 3 returns the means over all batches
        since its metrics were reset). Raises as `fit`.
        """
        settings = self._require_compiled()
        as_dict = flag(return_dict, "return_dict")
        data = self._data(x, y, sample_weight)
        core = self._build_for(x)
        with settings.counting_steps(core):
            result = core.train_batch(
                *data,
                settings.require_loss().core_loss(),
                settings.core_metrics(core.output_size),
                settings.optimizer.core_optimizer(1),
            )
        return returned(settings.logs(result), as_dict)

    def gradients(
        self,
        x: SamplesLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        training: bool = False,
    ) -> list[FloatArray]:
        """Return the gradients of the mean loss, regularizers included; nothing is changed.

        Parameters
        ----------
        x, y, sample_weight : arrays
            See the class.
        training : bool
            Apply dropout, as the next step of `fit` would.

        Returns
        -------
        list of float32 arrays
            Order and shapes as `get_weights`.

        Raises
        ------
        ValueError, TypeError
            Not compiled, or an argument that does not fit.
        """
        settings = self._require_compiled()
        dropout = flag(training, "training")
        data = self._data(x, y, sample_weight)
        core = self._build_for(x)
        return core.gradients(*data, settings.require_loss().core_loss(), dropout)

    def apply_gradients(self, grads: Sequence[ArrayLike]) -> None:
        """Make one step of the optimizer with the given gradients.

        Parameters
        ----------
        grads : list of arrays
            Order and shapes as `get_weights`; finite.

        Raises
        ------
        ValueError
            Not compiled, not built, or number, shapes or values do not fit; nothing is changed
            then.
        TypeError
            ``grads`` is not a list of arrays of real numbers.
        """
        settings = self._require_compiled(loss=False)
        core = self._require_core("apply_gradients")
        values = as_weights(grads, list(self._weight_shapes().values()), "grads")
        with settings.counting_steps(core):
            core.apply_gradients(values, settings.optimizer.core_optimizer(1))
