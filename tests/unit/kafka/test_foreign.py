"""Every error of aiokafka has a code of ours, and every code of ours is registered."""

import inspect
import re
from pathlib import Path

import pytest
from aiokafka import errors as theirs

from broker import kafka
from broker.codes import registry
from broker.errors import TransportError
from broker.kafka.foreign import TABLE, translated


def test_the_table_names_every_class_of_the_library() -> None:
    """A class that the library grows must be given a code."""
    grown = {
        each
        for _, each in inspect.getmembers(theirs, inspect.isclass)
        if issubclass(each, Exception) and each.__module__ == theirs.__name__
    }
    known = {each for group in TABLE.values() for each in group if each.__module__ == theirs.__name__}
    assert grown == known


def test_no_class_stands_twice() -> None:
    """A class has one code."""
    everything = [each for group in TABLE.values() for each in group]
    assert len(everything) == len(set(everything))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(theirs.NodeNotReadyError(), "kafka.unreachable", id="by class"),
        pytest.param(type("Newer", (theirs.RequestTimedOutError,), {})(), "kafka.timeout", id="by parent"),
        pytest.param(theirs.UnknownError(), "kafka.unexpected", id="a number that the library does not know"),
        pytest.param(ConnectionResetError(), "kafka.unreachable", id="the network's"),
        pytest.param(TimeoutError(), "kafka.timeout", id="our deadline"),
    ],
)
def test_an_error_gets_its_code(error: Exception, code: str) -> None:
    """The nearest class in the table decides, and what the library says is not passed on."""
    ours = translated(error, "simpul.alert")
    assert isinstance(ours, TransportError)
    assert ours.code == code
    assert ours.detail == f"{type(error).__name__}, simpul.alert"


def test_every_code_of_the_room_is_registered() -> None:
    """A code that stands in the source has its sentences; a sentence whose code is gone goes too."""
    folder = Path(next(iter(kafka.__path__)))
    sources = [*folder.glob("*.py"), folder.parent / "cli" / "kafka.py"]
    files = {"kafka.log", "kafka.out"}
    used = {code for path in sources for code in re.findall(r'"(kafka\.[a-z-]+)"', path.read_text(encoding="utf-8"))}
    assert used - files == {code for code in registry() if code.startswith("kafka.")}
