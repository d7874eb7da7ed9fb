"""Files of Keras 3: .keras (a whole model) and .weights.h5, read and written.

`archive` (the zip), `hdf5` (a reader), `weights` (arrays by name), `objects` (Keras' JSON), and
what is said in it: `layers`, `model`, `training`. Reading needs no Keras and no h5py and executes
nothing; writing needs h5py.
"""

from digitnet._keras_format.files import (
    model_file,
    read_model,
    read_weights,
    weights_file,
)

__all__ = ["model_file", "read_model", "read_weights", "weights_file"]
