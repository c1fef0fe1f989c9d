"""Finds, by reading the source of `schemas`, which rules can refuse an event of a type."""

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import schemas
from schemas.base import EventData

Place = tuple[str, str]
"""A module, and a name defined in it."""


def rules_of(data: type[EventData]) -> frozenset[str]:
    """Return the code of each rule that the model of a type, or whatever it is made of, can break.

    Followed are all names that a definition mentions: parents, types of fields, validators and what these call.
    """
    waiting, seen, found = [(data.__module__, data.__name__)], set[Place](), set[str]()
    while waiting:
        place = waiting.pop()
        if place in seen or place not in _definitions():
            continue
        seen.add(place)
        for node in _definitions()[place]:
            found |= set(_codes(node))
            waiting += [_resolved(place[0], name) for name in _names(node)]
    return frozenset(found)


def all_rules() -> frozenset[str]:
    """Return the code of each rule that stands anywhere in the catalogue, those of the envelope too."""
    return frozenset(code for nodes in _definitions().values() for node in nodes for code in _codes(node))


def _codes(node: ast.AST) -> Iterator[str]:
    for call in _walked(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "refuse":
            code = call.args[0]
            assert isinstance(code, ast.Constant), "the code of a rule stands where it is refused"
            yield str(code.value)


def _names(node: ast.AST) -> Iterator[str]:
    return (name.id for name in _walked(node) if isinstance(name, ast.Name))


def _walked(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a definition, but not its `twin`, which makes data of another type."""
    yield node
    for inner in ast.iter_child_nodes(node):
        if not (isinstance(inner, ast.FunctionDef) and inner.name == "twin"):
            yield from _walked(inner)


def _resolved(module: str, name: str) -> Place:
    """Find where a name that a module uses is defined."""
    value = getattr(import_module(module), name, None)
    home = getattr(value, "__module__", None)
    if isinstance(home, str) and (home, name) in _definitions():
        return home, name
    return next(
        (place for place in ((one, name) for one in _imported_from(module, name)) if place in _definitions()),
        (module, name),
    )


def _imported_from(module: str, name: str) -> Iterator[str]:
    """Where an alias such as `Bundle`, which knows no home of its own, was imported from."""
    for node in ast.walk(_tree(import_module(module))):
        if isinstance(node, ast.ImportFrom) and node.module and any(one.name == name for one in node.names):
            yield node.module


@cache
def _definitions() -> dict[Place, list[ast.AST]]:
    found: dict[Place, list[ast.AST]] = {}
    for info in iter_modules(schemas.__path__, "schemas."):
        for node in _tree(import_module(info.name)).body:
            for name in _defined(node):
                found.setdefault((info.name, name), []).append(node)
    return found


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    yield from (one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))


@cache
def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))
