"""From what a user writes (a name, an object, a saved configuration) to the object meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar


class Configurable:
    """An object that is rebuilt from the keyword arguments of its constructor."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON-ready values."""
        return {}

    @classmethod
    def from_config(cls: type[T], config: Mapping[str, Any]) -> T:
        """Build the object from what ``get_config`` returned.

        Raises
        ------
        TypeError, ValueError
            As the constructor, for unknown or wrong arguments.
        """
        return cls(**config)

    def __repr__(self) -> str:
        """Return the constructor call that gives an equal object."""
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


T = TypeVar("T", bound=Configurable)


def unknown(what: str, received: object, known: Iterable[str]) -> ValueError:
    """Return the error for a name nobody knows; it lists the names that are known."""
    return ValueError(f"{what} must be one of {', '.join(known)}. Received: {received!r}")


def serialize(item: Configurable, classes: Mapping[str, type[T]], what: str) -> dict[str, Any]:
    """Return ``{"class_name": …, "config": …}`` for an object of one of the classes.

    Raises
    ------
    ValueError
        ``item`` is of a class of the user's own, which `deserialize` could not find again.
    """
    name = type(item).__name__
    if classes.get(name) is not type(item):
        raise ValueError(f"{what} must be of a class of digitnet to be saved. Received: {name}")
    return {"class_name": name, "config": item.get_config()}


def deserialize(saved: object, classes: Mapping[str, type[T]], what: str) -> T:
    """Build the object that ``serialize`` described, from a closed set of classes.

    Raises
    ------
    TypeError, ValueError
        ``saved`` has another form, names an unknown class, or holds wrong arguments.
    """
    if not isinstance(saved, Mapping) or set(saved) != {"class_name", "config"}:
        raise ValueError(
            f"{what} must be a mapping with 'class_name' and 'config'. Received: {saved!r}"
        )
    name, config = saved["class_name"], saved["config"]
    if not isinstance(name, str) or name not in classes:
        raise unknown(f"{what} class", name, classes)
    if not isinstance(config, Mapping):
        raise ValueError(f"{what} config of {name} must be a mapping. Received: {config!r}")
    return classes[name].from_config(config)


def resolve(
    identifier: object,
    base: type[T],
    names: Mapping[str, type[T]],
    classes: Mapping[str, type[T]],
    what: str,
) -> T:
    """Return the object meant by a name, an instance, a class or a saved configuration.

    Raises
    ------
    ValueError
        An unknown name, or a saved configuration that describes no such object.
    TypeError
        Anything else.
    """
    if isinstance(identifier, base):
        return identifier
    if isinstance(identifier, str):
        found = names.get(identifier) or classes.get(identifier)
        if found is None:
            raise unknown(what, identifier, names)
        return found()
    if isinstance(identifier, type) and issubclass(identifier, base):
        return identifier()
    if isinstance(identifier, Mapping):
        return deserialize(identifier, classes, what)
    raise TypeError(
        f"{what} must be a name or a digitnet object of that kind. "
        f"Received: {identifier!r} ({type(identifier).__name__})"
    )
