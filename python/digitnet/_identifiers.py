"""From what a user writes (a name, an object, a saved configuration) to the object meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from types import FunctionType
from typing import Any, ClassVar, TypeVar

from digitnet._errors import shown


class Configurable:
    """An object that is rebuilt from the keyword arguments of its constructor.

    Its public attributes are set once: the core works with a copy, so that a later change would
    have no effect. What may change is a property with a setter, or named in ``_writable``.
    """

    _writable: ClassVar[frozenset[str]] = frozenset()

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute for the first time.

        Raises
        ------
        AttributeError
            A setting that was there already.
        """
        if name in vars(self) and not name.startswith("_") and name not in self._writable:
            raise AttributeError(
                f"{name} of {type(self).__name__} cannot be changed once it is made; make a new one"
            )
        super().__setattr__(name, value)

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
    names = list(known)
    expected = f"one of {', '.join(names)}" if len(names) > 1 else names[0]
    near = get_close_matches(repr(received).strip("'"), [name.strip("'") for name in names], n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return ValueError(f"{what} must be {expected}. Received: {shown(received)}{hint}")


class CoreKind(Configurable):
    """What the core knows by a name of its own: losses, metrics, initializers."""

    kind: ClassVar[str]

    def __new__(cls: type[K], *_: object, **__: object) -> K:
        """Refuse to make an object of a mere base class.

        Raises
        ------
        TypeError
            The class has no ``kind``.
        """
        if not hasattr(cls, "kind"):
            raise TypeError(f"{cls.__name__} is a base class; make one of its subclasses")
        return super().__new__(cls)


K = TypeVar("K", bound=CoreKind)


def class_name(cls: type, classes: Mapping[str, type], what: str) -> str:
    """Return the name of a class if it is one of ``classes``.

    Raises
    ------
    TypeError
        It is a base class or one of the user's own, whose methods the core would never call.
    """
    if classes.get(cls.__name__) is not cls:
        raise TypeError(
            f"{what} must be of one of digitnet's own classes, which the core knows. "
            f"Received: {cls.__name__}"
        )
    return cls.__name__


def serialize(item: Configurable, classes: Mapping[str, type[T]], what: str) -> dict[str, Any]:
    """Return ``{"class_name": …, "config": …}`` for an object of one of the classes.

    Raises
    ------
    TypeError
        As ``class_name``.
    """
    return {"class_name": class_name(type(item), classes, what), "config": item.get_config()}


def deserialize(saved: object, classes: Mapping[str, type[T]], what: str) -> T:
    """Build the object that ``serialize`` described, from a closed set of classes.

    Raises
    ------
    TypeError, ValueError
        ``saved`` has another form, names an unknown class, or holds wrong arguments.
    """
    if not isinstance(saved, Mapping) or set(saved) != {"class_name", "config"}:
        raise ValueError(
            f"{what} must be a mapping with 'class_name' and 'config'. Received: {shown(saved)}"
        )
    name, config = saved["class_name"], saved["config"]
    if not isinstance(name, str) or name not in classes:
        raise unknown(f"{what} class", name, classes)
    if not isinstance(config, Mapping):
        raise ValueError(f"{what} config of {name} must be a mapping. Received: {shown(config)}")
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
        Anything else, also an object of a class of the user's own.
    """
    if isinstance(identifier, base):
        class_name(type(identifier), classes, what)
        return identifier
    if isinstance(identifier, str):
        found = names.get(identifier) or classes.get(identifier)
        if found is None:
            raise unknown(what, identifier, names)
        return found()
    if isinstance(identifier, type) and issubclass(identifier, base):
        class_name(identifier, classes, what)
        return identifier()
    if isinstance(identifier, Mapping):
        return deserialize(identifier, classes, what)
    raise TypeError(
        f"{what} must be a name or a digitnet object of that kind. "
        f"Received: {shown(identifier)} ({type(identifier).__name__})"
    )


def public_functions(classes: Iterable[type]) -> Iterator[FunctionType]:
    """Yield the functions that users can call on an object: constructors and public methods."""
    for cls in classes:
        for name, item in vars(cls).items():
            function = getattr(item, "__func__", item)  # of a class method
            if isinstance(function, FunctionType) and name.removeprefix("__init__")[:1] != "_":
                yield function
