"""The old Keras address of the basic layers: ``from digitnet.layers.core import Dense``."""

from digitnet.layers.activation import Activation
from digitnet.layers.dense import Dense
from digitnet.layers.dropout import Dropout
from digitnet.layers.flatten import Flatten

__all__ = ["Activation", "Dense", "Dropout", "Flatten"]
