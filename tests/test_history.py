"""What `fit` returns, and keeps where it is interrupted."""

import pytest

from digitnet.callbacks import History


class Full(list):
    """A list that Ctrl-C interrupts as it takes its second value."""

    def append(self, value):
        super().append(value)
        if len(self) == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("where", ["epoch", "loss", "accuracy", "val_loss"])
def test_an_interrupted_epoch_is_kept_whole_or_not_at_all(where):
    history = History()
    history.history = {"loss": [], "accuracy": [], "val_loss": []}
    if where == "epoch":
        history.epoch = Full()
    else:
        history.history[where] = Full()
    logs = {"loss": 1.0, "accuracy": 0.5, "val_loss": 2.0}
    history.on_epoch_end(0, logs)
    with pytest.raises(KeyboardInterrupt):
        history.on_epoch_end(1, logs)
    assert history.epoch == [0]
    assert history.history == {name: [value] for name, value in logs.items()}


def test_names_come_when_they_come():
    history = History()
    history.on_epoch_end(3, {"loss": 1.0})
    history.on_epoch_end(4, {"loss": 2.0, "val_loss": 3.0})
    history.on_epoch_end(5)
    assert history.epoch == [3, 4, 5]
    assert history.history == {"loss": [1.0, 2.0], "val_loss": [3.0]}
