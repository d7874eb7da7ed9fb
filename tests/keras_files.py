"""Model files that Keras 3.15.1 wrote, and the means to change them.

data/small.keras.gz and data/adam.keras.gz were made, on its JAX backend, by::

    keras.utils.set_random_seed(0)
    m = keras.Sequential([keras.Input((2, 3)), Flatten(), Dense(5, "gelu"), Dropout(0.1),
                          Dense(3, "softmax")], name="small")
    m.compile(SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    m.fit(np.ones((4, 2, 3)), np.zeros(4), verbose=0)
    m.save("small.keras")

    keras.utils.set_random_seed(0)
    m = keras.Sequential([keras.Input((2, 3)), Flatten(),
                          Dense(5, "tanh", kernel_constraint=MaxNorm(1.125)),
                          Dense(3, "softmax")], name="small_adam")
    m.compile(AdamW(CosineDecay(0.1, 8, alpha=0.25), clipnorm=0.5),
              "sparse_categorical_crossentropy")
    m.fit(np.ones((4, 2, 3)), np.zeros(4), batch_size=2, verbose=0)
    m.save("adam.keras")
"""

import copy
import gzip
import io
import json
import zipfile
from pathlib import Path

SMALL, ADAM = (
    gzip.decompress((Path(__file__).parent / f"data/{name}.keras.gz").read_bytes())
    for name in ("small", "adam")
)
CONFIG, WEIGHTS = "config.json", "model.weights.h5"


def member(data, name):
    """Return the bytes of a member of a .keras file."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return file.read(name)


def config_of(data=SMALL):
    """Return config.json of a .keras file; a new dict."""
    return json.loads(member(data, CONFIG))


def packed(config=None, weights=None, compression=zipfile.ZIP_STORED, more=()):
    """Return a .keras file with this content; what is not given is that of SMALL."""
    text = (
        json.dumps(config_of() if config is None else config) if type(config) is not str else config
    )
    parts = {CONFIG: text, WEIGHTS: member(SMALL, WEIGHTS) if weights is None else weights}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in {**parts, **dict(more)}.items():
            file.writestr(name, content)
    return buffer.getvalue()


def changed(path, value, config=None):
    """Return a config in which the setting at a path of keys and indices has another value."""
    result = copy.deepcopy(config or config_of())
    *parents, last = path
    place = result
    for key in parents:
        place = place[key]
    place[last] = value
    return result
