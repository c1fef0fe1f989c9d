"""What pydantic and the catalogue's own rules call an error, and what we call it: one table, and it is total.

A kind that is not in the table becomes `invalid.field`, or `invalid.rule` for a rule of the catalogue; tests
fail when pydantic or the catalogue grows one, so that a person gives it its sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from pydantic_core.core_schema import ErrorType

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

_RULES = (
    "accused_missing ack_incomplete ack_state act_missing alert_or_ack answer_without_cause "
    "assent_missing audience_order audience_repeats breach_details child_consent "
    "child_unprotected classification_not_computed codes_repeat consent_unproven "
    "data_exposed_repeats deadline_missing dimensions_not_computed duty_on_nobody "
    "events_repeat expires_before_time expiry_late expiry_missing guardian_conflict "
    "heartbeat_head indicator_code indicator_unknown indicator_weight indicators_repeat "
    "keys_confirms keys_heads keys_heads_repeat keys_kind keys_repeat lp_canonical "
    "means_missing minor_age mrz_check_digit mrz_number must_not_know_nobody notice_missing "
    "notice_other_event opened_repeats outreach_too_large part_withheld participant_role "
    "parts_order placement_missing policy_version profile_age purpose_missing reason_missing "
    "receipt_code receipts_repeat references_missing references_repeat result_not_computed "
    "reviewer_role routed_to_repeats signed_by_repeats stats_area stats_cell stats_crossed "
    "stats_derivable stats_label stats_overlap stats_period stats_shape stats_total_null "
    "stats_totals stix_bundle stix_hidden_identity stix_identity_class stix_individual "
    "stix_number stix_object stix_tlp_id stix_tlp_missing stix_too_large stix_types_count "
    "subject_case tlp_not_clear watch_for_nothing watch_over withheld_on_withdrawal"
)
RULES: Final = frozenset(_RULES.split())
"""The catalogue's own rules (`schemas.base.refuse`); `mrz_number` is registered as `invalid.mrz-number`."""

_PYDANTIC_KINDS: Final = frozenset(get_args(ErrorType))


def code_of(kind: str) -> str:
    """Return our code for a kind of error, whatever it is.

    Args:
        kind: pydantic's error type, or the code of a rule of the catalogue (`schemas.base.refuse`).

    Returns:
        A registered code.
    """
    if kind in RULES:
        return "invalid." + kind.replace("_", "-")
    return PYDANTIC_CODES.get(kind, "invalid.field" if kind in _PYDANTIC_KINDS else "invalid.rule")


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
