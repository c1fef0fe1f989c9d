"""What `quick_init` makes is a frozen dataclass in every way."""

from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from broker import stages
from broker.quick_init import quick_init


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """Made quickly."""

    number: int
    secret: str = field(repr=False)
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """Made as dataclass makes it."""

    number: int
    secret: str = field(repr=False)
    left_out: tuple[str, ...] = ()


def test_it_holds_what_it_was_given() -> None:
    """Fields and defaults are there, and the object is of its class."""
    made = Quick(number=1, secret="rahasia")
    assert (made.number, made.secret, made.left_out) == (1, "rahasia", ())
    assert type(made) is Quick
    assert not hasattr(made, "__dict__")


def test_it_cannot_be_changed() -> None:
    """No field is set or deleted once it is made, and none is added."""
    made = Quick(number=1, secret="rahasia")
    with pytest.raises(FrozenInstanceError):
        made.number = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del made.number
    with pytest.raises((AttributeError, TypeError)):
        made.other = 2  # type: ignore[attr-defined]


def test_it_compares_shows_and_copies_itself_as_a_dataclass_does() -> None:
    """Equality, hash, `repr` and `replace` are those of the dataclass; nothing hidden shows."""
    made = Quick(number=1, secret="rahasia")
    assert made == Quick(number=1, secret="rahasia")
    assert made != replace(made, number=2)
    assert replace(made, secret="lain").secret == "lain"
    assert hash(made) == hash(Plain(number=1, secret="rahasia"))
    assert repr(made) == "Quick(number=1, left_out=())"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"number": 1}, id="one missing"),
        pytest.param({"number": 1, "secret": "", "more": 1}, id="one too many"),
    ],
)
def test_it_takes_exactly_its_fields(arguments: dict[str, object]) -> None:
    """A field that is missing or unknown is a mistake, and says so as Python does."""
    with pytest.raises(TypeError, match="__init__"):
        Quick(**arguments)  # type: ignore[arg-type]


def test_every_stage_is_made_so_and_stays_frozen() -> None:
    """All stages of the line can be made from their fields, and then not be changed."""
    known = [each for each in vars(stages).values() if isinstance(each, type) and each.__module__ == stages.__name__]
    assert len(known) > 10
    for stage in known:
        made = stage(**{one.name: one.name for one in fields(stage)})
        assert [getattr(made, one.name) for one in fields(stage)] == [one.name for one in fields(stage)]
        with pytest.raises(FrozenInstanceError):
            setattr(made, fields(stage)[0].name, 1)
