"""Conditions on the basis, and answers to whatever event: on both sides, and never remembered for another event."""

from __future__ import annotations

import pytest

from broker.errors import ForbiddenError
from broker.policy import admit, clear, default_agreements
from tests.unit.policy.arrivals import opened, with_attributes
from tests.unit.policy.asking import cleared, refused, shown
from tests.unit.policy.federations import BP3MI, CAUSE_ID, IMI, LPSK, NGO, SUBJECT, cause, rules
from tests.unit.validation.bodies import NUMBERS, checked

E05 = 'id = "E05"'
SENDER = 'roles = ["immigration"]\n'


def test_condition_on_the_basis() -> None:
    """An event with the value is let go and let in; one that differs in that alone is not, asked right afterwards."""
    good, bad = "pdp20-2-e", "pdp20-2-d"
    head, tail = default_agreements().decode().split(E05)
    condition = f'{SENDER}when = [{{ attribute = "basis", is = ["{good}"] }}]\n'
    more = tail.replace('bases = ["pdp20-2-e"]', 'bases = ["pdp20-2-d", "pdp20-2-e"]', 1)
    ours = rules(toml=f"{head}{E05}{more.replace(SENDER, condition, 1)}".encode())
    result = clear(checked("E05", IMI, audience=BP3MI, basis=good), ours, {})
    arrived = opened(result, BP3MI)
    assert admit(arrived, ours, reader=BP3MI, causes={}).opened is arrived
    with pytest.raises(ForbiddenError) as caught:
        clear(checked("E05", IMI, audience=BP3MI, basis=bad), ours, {})
    assert (caught.value.code, caught.value.clause) == ("forbidden.condition", f"sender.0: basis is {good}")
    with pytest.raises(ForbiddenError) as caught:
        admit(with_attributes(arrived, {"basis": bad}), ours, reader=BP3MI, causes={})
    assert caught.value.code == "forbidden.condition"


@pytest.mark.parametrize("kind", NUMBERS.values(), ids=NUMBERS)
def test_notice_answers_whatever_event(kind: str) -> None:
    """E08: who received it tells who sent it, with the same subject, and nobody else; both sides know the event."""
    notice = checked("E08", LPSK, audience=NGO, causationid=CAUSE_ID, subject=SUBJECT, data__open__forEvent=CAUSE_ID)
    known = cause(kind, NGO, LPSK)
    result = cleared(notice, known)
    assert shown(result) == {NGO: set()}
    arrived = opened(result, NGO)
    assert admit(arrived, rules(), reader=NGO, causes=known).opened is arrived
    assert refused(notice).code == "forbidden.cause-unknown"
    assert refused(notice, cause(kind, NGO, LPSK, subject=None)).code == "forbidden.subject"
    assert refused(notice, cause(kind, IMI, LPSK)).code == "forbidden.not-the-asker"
    assert refused(notice, cause(kind, NGO, IMI)).code == "forbidden.not-received"
