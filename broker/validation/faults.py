"""What pydantic and the catalogue's own rules call an error, and what we call it.

For pydantic that is a table; a rule of the catalogue keeps its name, so that `mrz_number` becomes `invalid.mrz-number`.

A kind that is not in the table becomes `invalid.field`, and a rule without a text `invalid.rule`; tests fail when
pydantic or the catalogue grows one, so that a person gives it its sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from pydantic_core.core_schema import ErrorType

from broker.codes import registry
from broker.errors import Fault, InvalidEventError
from schemas.base import faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError

_GROUPS: Final[Mapping[str, str]] = {
    "invalid.missing": "missing missing_argument missing_keyword_only_argument missing_positional_only_argument",
    "invalid.unknown-field": "extra_forbidden unexpected_keyword_argument unexpected_positional_argument",
    "invalid.type": (
        "none_required string_type bool_type bool_parsing int_type int_parsing int_from_float "
        "float_type float_parsing bytes_type date_type time_type datetime_type time_delta_type "
        "uuid_type decimal_type fraction_type complex_type url_type model_type model_attributes_type "
        "dataclass_type dataclass_exact_type named_tuple_type dict_type frozen_dict_type "
        "ordered_dict_type counter_type mapping_type list_type deque_type tuple_type set_type "
        "frozen_set_type iterable_type arguments_type is_instance_of is_subclass_of callable_type "
        "ellipsis_error missing_sentinel_error needs_python_object"
    ),
    "invalid.length": (
        "too_short too_long string_too_short string_too_long bytes_too_short bytes_too_long url_too_long"
    ),
    "invalid.range": (
        "greater_than greater_than_equal less_than less_than_equal multiple_of finite_number "
        "int_parsing_size decimal_max_digits decimal_max_places decimal_whole_digits date_past "
        "date_future datetime_past datetime_future"
    ),
    "invalid.format": (
        "string_pattern_mismatch string_not_ascii string_unicode bytes_invalid_encoding date_parsing "
        "date_from_datetime_parsing date_from_datetime_inexact time_parsing datetime_parsing "
        "datetime_object_invalid datetime_from_date_parsing timezone_naive timezone_aware "
        "timezone_offset time_delta_parsing url_parsing url_syntax_violation url_scheme uuid_parsing "
        "uuid_version decimal_parsing fraction_parsing complex_str_parsing"
    ),
    "invalid.choice": "enum literal_error union_tag_invalid union_tag_not_found",
    "invalid.json": "json_invalid json_type recursion_loop recursion_depth_exceeded",
    "invalid.field": (
        "no_such_attribute frozen_field frozen_instance invalid_key get_attribute_error "
        "default_factory_not_called iteration_error set_item_not_hashable value_error assertion_error "
        "multiple_argument_values"
    ),
}

PYDANTIC_CODES: Final[Mapping[str, str]] = {kind: code for code, kinds in _GROUPS.items() for kind in kinds.split()}
"""Our code for every kind of error that pydantic knows."""

_PYDANTIC_KINDS: Final = frozenset(get_args(ErrorType))


def code_of(kind: str) -> str:
    """Return our code for a kind of error, whatever it is.

    Args:
        kind: pydantic's error type, or the code of a rule of the catalogue (`schemas.base.refuse`).

    Returns:
        A registered code.
    """
    if kind in _PYDANTIC_KINDS:
        return PYDANTIC_CODES.get(kind, "invalid.field")
    code = "invalid." + kind.replace("_", "-")
    return code if code in registry() else "invalid.rule"


def refusal(error: ValidationError) -> InvalidEventError:
    """Translate what the catalogue found wrong.

    Args:
        error: what `validate_json` raised. It is not to be chained: it carries the input.

    Returns:
        The refusal: its code is that of the fault if there is one kind alone, else `invalid.event`.
    """
    found = tuple(Fault(code=code_of(fault.code), path=fault.path) for fault in faults(error))
    codes = {fault.code for fault in found}
    code = codes.pop() if len(codes) == 1 else "invalid.event"
    return InvalidEventError(code, ", ".join(fault.path for fault in found), found)
