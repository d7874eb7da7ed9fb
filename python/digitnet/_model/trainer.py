"""A network that is trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from digitnet._checks import flag, integer, no_copy, optional_integer
from digitnet._data import SamplesLike
from digitnet._errors import shown
from digitnet._model.array_source import split
from digitnet._model.compiled import samples_in
from digitnet._model.fit import Loop, Plan, checked_frequency
from digitnet._model.progress import verbosity
from digitnet._model.source import Source
from digitnet._model.stepper import Stepper
from digitnet.callbacks import Callback, CallbackList, History

if TYPE_CHECKING:
    from digitnet.augmentation import ImageAugmentation


class Trainer(Stepper):
    """Many steps: `fit`."""

    history: History | None = None
    """What the latest `fit` returned, or would have returned had it not been interrupted."""
    stop_training: bool = False
    """Set by a callback: ends `fit` after the current epoch, or batch."""
    _loop: Loop | None = None  # while fitting

    def fit(
        self,
        x: SamplesLike | Iterable[object],
        y: ArrayLike | None = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Iterable[Callback] | Callback | None = None,
        validation_split: float = 0.0,
        validation_data: tuple[Any, ...] | list[Any] | Iterable[object] | None = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: ArrayLike | None = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Iterable[int] = 1,
        *,
        copy: bool | None = None,
        nb_epoch: int | None = None,
        augmentation: ImageAugmentation | None = None,
    ) -> History:
        """Train for some epochs: each visits every sample once, in mini-batches.

        Parameters
        ----------
        x, y, sample_weight : arrays
            See the class. Or ``x`` alone, which gives batches ``(x, y)`` or ``(x, y,
            sample_weight)``: a list, a `keras.utils.PyDataset`, a loader, a generator. What has a
            length and can be indexed is read so, by this thread; its ``on_epoch_begin`` and
            ``on_epoch_end``, if it has them, are called around every pass.
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
            The same with other data; wins over ``validation_split``. Or batches as ``x`` gives
            them, but not in a list or tuple.
        shuffle : bool
            Visit the samples in a new random order every epoch; the batches, where ``x`` gives them
            and can be indexed.
        class_weight : dict of int to float, optional
            What the weights of the samples of a class are multiplied with, in training; 1 for those
            not named. Of targets (n, outputs), the class is the largest; of one output, 0 or 1.
        initial_epoch : int
            Epoch to begin with, counted from 0.
        steps_per_epoch : int, optional
            Batches in an epoch; the next goes on where it ended. None: all, or until an iterator
            ends. Where the data end first, a warning says so and the epoch is shorter; an iterator
            that cannot begin anew ends the training.
        validation_steps : int, optional
            How many batches to test, from the first, or the next ones of an iterator; None: all.
        validation_batch_size : int, optional
            What ``validation_steps`` counts, and callbacks for the test; None is ``batch_size``.
        validation_freq : int or list of int
            Test after every so many epochs, or after those given, counted from 1.
        copy : None or False
            See the class; holds for ``validation_data`` and batches, too.
        nb_epoch : int, optional
            The old Keras spelling of ``epochs``.
        augmentation : ImageAugmentation, optional
            Train epoch ``e``, counted from 0, on ``augmentation(x, epoch=e)`` in place of ``x``,
            which must be an array of images; they take the memory of ``x`` once more. What is
            tested stays as it is. See `digitnet.augmentation`.

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
                    "epochs and nb_epoch say the same; give one. "
                    f"Received: {shown(epochs)} and {shown(nb_epoch)}"
                )
            epochs = integer(nb_epoch, "nb_epoch", 0)
        size = 32 if batch_size is None else integer(batch_size, "batch_size")
        plan = Plan(
            integer(initial_epoch, "initial_epoch", 0),
            integer(epochs, "epochs", 0),
            checked_frequency(validation_freq),
            verbosity(verbose),
        )
        history, everyone = History(), CallbackList(callbacks)
        everyone.callbacks.append(history)
        steps, copy = optional_integer(steps_per_epoch, "steps_per_epoch"), no_copy(copy)
        source = self._source(x, y, sample_weight, size, steps, flag(shuffle, "shuffle"), copy)
        test_size = optional_integer(validation_batch_size, "validation_batch_size") or size
        test_steps = optional_integer(validation_steps, "validation_steps")
        like = None if self._input_shape else samples_in(source, x)
        validation: Source | None
        if validation_data is None:
            source, validation = split(source, validation_split, test_size, test_steps)
        else:
            validation = self._validation(validation_data, like, test_size, test_steps, copy)
        if class_weight is not None:
            source = self._class_weight(class_weight, like).over(source)
        if augmentation is not None:
            from digitnet._model.augmented_source import augmented  # importing digitnet stays fast

            source = augmented(source, augmentation, x)
        plan.require_batches(source, validation)
        core = self._build_from(source, x)
        self.history, self.stop_training = history, False
        self._introduce(everyone, plan.last_epoch, source, plan.verbose)
        loop = Loop(core, settings, plan, source, validation, everyone, lambda: self.stop_training)
        outer = self._loop, self._fitting  # a callback may fit, too
        self._loop, self._fitting = loop, True
        try:
            loop.run()
        finally:
            self._loop, self._fitting = outer
        return history

    def _require_loop(self) -> Loop:
        if self._loop is None:
            raise RuntimeError(
                "BackupAndRestore needs a running fit; its methods are for fit alone"
            )
        return self._loop
