"""How Keras writes an object as JSON, and how its settings are taken or refused.

An object is ``{"module", "class_name", "config", "registered_name"}``. Only the name of a class is
looked at, in digitnet's own closed tables: nothing is imported or executed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from digitnet._errors import shown

Config = dict[str, Any]


def keras_object(module: str, class_name: str, config: Config) -> Config:
    """Return an object of one of Keras' own classes, in the form of its files."""
    return {
        "module": f"keras.{module}" if module else "keras",
        "class_name": class_name,
        "config": config,
        "registered_name": None,
    }


def opened(saved: object, what: str) -> tuple[str, Config]:
    """Return class name and config of an object of one of Keras' own classes.

    Raises
    ------
    ValueError
        ``saved`` has another form, or the class is the user's own.
    """
    if not isinstance(saved, dict) or not isinstance(saved.get("class_name"), str):
        raise ValueError(f"{what} must be an object of Keras. Received: {shown(saved)}")
    name, config = saved["class_name"], saved.get("config")
    own = str(saved.get("module")).split(".")[0] != "keras"
    if own or saved.get("registered_name") not in (None, name):
        raise ValueError(
            f"{what} must be of one of Keras' own classes; digitnet runs no code of a file. "
            f"Received: class {shown(name)} of {shown(saved.get('module'))}"
        )
    if not isinstance(config, dict):
        raise ValueError(f"{what} must have a config, by name. Received: {shown(config)}")
    return name, config


def taken(
    config: Config,
    what: str,
    names: Sequence[str],
    only: Mapping[str, tuple[Any, ...]],
    ignored: Sequence[str] = (),
) -> Config:
    """Return the settings called ``names``; of the others, none may change what is computed.

    Parameters
    ----------
    config : dict
        Settings of a Keras object.
    what : str
        The object, for the error: "layer 'dense'".
    names : sequence of str
        The settings that digitnet has, too.
    only : mapping of str to tuple
        Settings of Keras and the values at which they do what digitnet does. None is one of them
        for every setting.
    ignored : sequence of str
        Settings that change nothing here.

    Raises
    ------
    ValueError
        A setting that digitnet has not, at a value that matters.
    """
    for key, value in config.items():
        if key in names or key in ignored or value is None:
            continue
        allowed = only.get(key, (None,))
        if not any(type(value) is type(one) and value == one for one in allowed):
            expected = " or ".join(repr(one) for one in allowed)
            raise ValueError(
                f"{what}: {key} must be {expected}, as digitnet has no other. "
                f"Received: {shown(value)}"
            )
    return {name: config[name] for name in names if name in config}
