"""Frozen values that are cheap to make.

A frozen dataclass sets each of its fields through `object.__setattr__`, which costs four times a plain assignment, and
an event passes through a hundred such fields on its way. With `quick_init` above the decorator of a frozen, slotted,
keyword-only dataclass nothing else about it changes: it cannot be changed once it is made, and compares, shows and
copies itself as before.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quick_init(cls: type[T]) -> type[T]:
    """Give a dataclass another `__init__`: the fields are assigned while the object is of a class that lets them be.

    Args:
        cls: a dataclass with `frozen=True, slots=True, kw_only=True`, no parent, and no default but plain values.
    """
    described = fields(cls)  # type: ignore[arg-type]
    names = [field.name for field in described]
    if not all(field.default_factory is MISSING and field.kw_only and field.init for field in described):
        msg = "quick_init takes fields that are keyword-only, and no default but plain values"
        raise TypeError(msg)
    # The same slots and no more: CPython lets an object change between two such classes.
    open_class = type(cls.__name__, (), {"__slots__": tuple(names)})
    lines = [
        f"def __init__(self, *, {', '.join(names)}):",
        "    open_up(self, open_class)",
        *[f"    self.{name} = {name}" for name in names],
        "    self.__class__ = cls",
    ]
    scope: dict[str, Any] = {"cls": cls, "open_class": open_class, "open_up": _SET_CLASS}
    exec("\n".join(lines), scope)  # noqa: S102 - as dataclass itself makes it; the names are those of our own fields
    made = scope["__init__"]
    made.__kwdefaults__ = {field.name: field.default for field in described if field.default is not MISSING}
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    cls.__init__ = made  # type: ignore[method-assign]
    return cls


_SET_CLASS: Any = object.__dict__["__class__"].__set__
