"""No field of an event shows in the repr of a value that passes between the rooms, nor in what refuses a draft."""

import base64
import dataclasses
import traceback
from typing import Any

import orjson
import pytest

from broker import ports, stages
from broker.errors import SimpulError
from broker.names import AgencyId
from broker.stages import Draft, Origin
from broker.validation import check
from tests.planting import Path, Planted, forms, free_fields, marker, planted, types

# Names, places and states that are in Kafka or in the federation anyway; codes and sentences of ours; numbers, times
# and states of a node's own.
SHOWN = set(
    """
    agency agencies id role name_id name_en source topic offset timestamp_ms record_id lane sequence previous leaf
    signing_key federation key key_id receiving_key_id recipient name not_before not_after public version dataschemas
    system kind event_id named origin signing receiving signing_keys
    code clause agreement station detail left_out withheld missing type
    row rows entry number at since accepted_at published_at stored_at release_at sealed_at state count copies held head
    before after streams places lanes resent was cover refused reported gaps_reported findings unlisted proven
    offsets keep remove quarantine entries waiting forked quarantined accepted unpublished consumer verified fetched
    opened parts record refusal route events heads batch numbers done_waiting keys gap stream event draft
    """.split()  # noqa: SIM905 - a list of so many words is easier to read so
)
"""Fields that may show. Whoever adds a field that is not here decides whether it holds anything of an event."""

CONTENT = {
    "DataKey.key",
    "WrappingKey.key",
    "attributes",
    "audience",
    "body",
    "compartments",
    "content",
    "data",
    "data_keys",
    "erasure_unit",
    "evidence",
    "hpke",
    "model",
    "open",
    "open_json",
    "revision",
    "subject",
    "value",
    "wrapping_keys",
}
"""Fields that hold content or keys wherever they stand."""


class Word:
    """A value that shows."""

    def __repr__(self) -> str:
        """Return what must not be seen."""
        return "PLANTED"


def dataclasses_of(*modules: Any) -> list[type[Any]]:
    """Return every dataclass that the modules define."""
    found = [one for module in modules for one in vars(module).values() if dataclasses.is_dataclass(one)]
    return sorted({one for one in found if isinstance(one, type)}, key=lambda one: one.__name__)


CLASSES = dataclasses_of(stages, ports)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda one: one.__name__)
def test_repr_of_a_stage(cls: type[Any]) -> None:
    """A value in a field that holds content never shows; what shows stands in the list of what may."""
    for one in dataclasses.fields(cls):
        made = object.__new__(cls)
        for field in dataclasses.fields(cls):
            object.__setattr__(made, field.name, Word() if field.name == one.name else None)
        shows = "PLANTED" in repr(made)
        assert not (shows and {one.name, f"{cls.__name__}.{one.name}"} & CONTENT), f"{cls.__name__}.{one.name} shows"
        assert not shows or one.name in SHOWN, f"{cls.__name__}.{one.name} shows, and nobody has said that it may"


@pytest.mark.parametrize("type_name", types())
def test_every_field_is_planted(type_name: str) -> None:
    """The tests of leaks reach every field of every type that takes free text."""
    reached = {tuple(name for name in path if isinstance(name, str)) for path in planted(type_name).markers}
    assert free_fields(type_name) <= reached


def spoilt(plant: Planted) -> list[dict[str, Any]]:
    """Return the draft with a marker where none may stand: in each coded field, as a name, as a number, at the top."""
    made = [
        {**plant.body, marker(): "x"},
        {**plant.body, "time": marker()},
        {**plant.body, "audience": f"{marker()}"},
        {**plant.body, "type": f"id.simpul.{marker().lower()}.v1"},
        {**plant.body, "data": marker()},
    ]
    for path in _leaves(plant.body["data"], ("data",)):
        for value in (marker(), {marker(): marker()}, marker() * 400):
            body = orjson.loads(orjson.dumps(plant.body))
            inner = body
            for name in path[:-1]:
                inner = inner[name]
            inner[path[-1]] = value
            made.append(body)
    return made


def _leaves(value: Any, path: Path) -> list[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [place for name, one in inner for place in _leaves(one, (*path, name))]
    return found or [path]


def words(value: Any) -> set[str]:
    """Return every marker in a draft, as a value or as a name."""
    if isinstance(value, dict):
        return {one for pair in value.items() for part in pair for one in words(part)}
    if isinstance(value, list):
        return {one for part in value for one in words(part)}
    return {value[:16]} if isinstance(value, str) and value.startswith("ZQ") else set()


@pytest.mark.parametrize("type_name", types())
def test_refusals_say_no_value(type_name: str) -> None:
    """Whatever is wrong with a draft, neither the error, nor its causes, nor a traceback repeats a value or a name."""
    plant = planted(type_name)
    refused = 0
    for body in spoilt(plant):
        draft = Draft(origin=Origin(system="draft", record_id=str(body["id"])), body=orjson.dumps(body))
        try:
            told = repr(check(draft, source=AgencyId("polres"), secret=bytes(32)))
        except SimpulError as error:
            refused += 1
            told = _everything(error)
        told += repr(draft)
        planted_words = words(body)
        assert planted_words
        assert not [word for word in planted_words if word in told]
    assert refused > 10


def _everything(error: BaseException | None) -> str:
    """Return all that a log or a screen could show of an error and of whatever it came from."""
    told = ""
    while error is not None:
        told += "".join(traceback.format_exception(error)) + repr(error) + str(error) + repr(error.args)
        told += repr(vars(error)) if hasattr(error, "__dict__") else ""
        error = error.__cause__ or error.__context__
    return told


def test_forms_find_a_marker() -> None:
    """The search of the tests of leaks does find what it searches for, in each form."""
    word = marker()
    for shift in range(3):
        text = base64.b64encode(b"x" * shift + word.encode() + b"behind")
        assert any(form in text for form in forms(word))
    assert any(form in word.encode().hex().encode() for form in forms(word))
    assert not any(form in marker().encode() for form in forms(word))
