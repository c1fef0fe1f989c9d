"""The agreements' file, and what rules tell of topics."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from broker.codes import registry
from broker.errors import MisconfiguredError
from broker.names import AgencyId, Role, Topic, area_topic, keys_topic, mail_topic
from broker.policy import compile_rules, default_agreements
from broker.policy.conditions import FACTS
from broker.policy.document import read_document
from tests.unit.policy.federations import BNPT, BP3MI, GT, IMI, LPSK, NGO, OPS, POL, ROLES, SOS, UPTD, federation, rules
from tests.unit.policy.rights import ROWS
from tests.unit.validation.bodies import NUMBERS

RULES = rules()
ALERT = "id.simpul.alert.issued.v1"


def test_default_agreements_compile_and_can_be_read_in_both_languages() -> None:
    """Each row has a text in Indonesian and in English, and nothing is open-ended."""
    ids = ["E07-alert" if row == "E07" else row for row in ROWS]
    assert {one.id for name in NUMBERS.values() for one in RULES.agreements_on(name)} == set(ids)
    for agreement_id in ids:
        agreement = RULES.agreement(agreement_id)
        assert agreement is not None
        assert agreement.text_id != agreement.text_en
        assert "\n" not in agreement.text_id + agreement.text_en
        assert agreement.purposes
        assert agreement.bases
        assert agreement.lawrefs
    assert RULES.agreement("E99") is None


SLIPS = [
    pytest.param("format = 1", "format = 2", "format", id="unknown format"),
    pytest.param('id = "E01"\n', 'id = "E01"\nnote = "x"\n', "agreement.0.note", id="unknown key"),
    pytest.param('id = "E02"', 'id = "E01"', "agreement.1.id", id="an id twice"),
    pytest.param("tip.received.v1", "tip.invented.v1", "agreement.0.type", id="unknown type"),
    pytest.param(
        'answers = "id.simpul.tip.received.v1"', 'answers = "x"', "agreement.1.answers", id="unknown type of the cause"
    ),
    pytest.param('["immigration", "ngo", "social-services"]', '["spy"]', "agreement.0.sender.0.roles", id="role"),
    pytest.param('"ngo", "social-services"]', '"ngo", "ngo"]', "agreement.0.sender.0.roles", id="a role twice"),
    pytest.param(
        'compartments = ["narrative"]', 'compartments = ["network"]', "agreement.0.recipient.0.compartments", id="part"
    ),
    pytest.param(
        'compartments = ["narrative"]', 'compartments = ["open"]', "agreement.0.recipient.0.compartments", id="no part"
    ),
    pytest.param(
        'purposes = ["protection", "investigation"]', 'purposes = ["curiosity"]', "agreement.0.purposes", id="purpose"
    ),
    pytest.param('bases = ["pdp20-2-d", "pdp20-2-e"]', "bases = []", "agreement.0.bases", id="no basis"),
    pytest.param('"pp9-2008"', '"pp0-0"', "agreement.0.lawrefs", id="unknown law"),
    pytest.param("valid_until = 2028-12-31", "", "agreement.0.valid_until", id="no end"),
    pytest.param("valid_until = 2028-12-31", 'valid_until = "soon"', "agreement.0.valid_until", id="end is no date"),
    pytest.param('is = ["deferred", "refused"]', 'is = ["defered"]', "agreement.2.recipient.1.when.0", id="value"),
    pytest.param('is = ["deferred", "refused"]', "is = []", "agreement.2.recipient.1.when.0.is", id="no value"),
    pytest.param('field = "decision"', 'field = "fate"', "agreement.2.recipient.1.when.0", id="unknown field"),
    pytest.param('field = "decision", is', "is", "agreement.2.recipient.1.when.0", id="no field"),
    pytest.param(
        'field = "decision", is = ["deferred", "refused"]',
        'field = "decision"',
        "agreement.2.recipient.1.when.0",
        id="nothing asked of the field",
    ),
    pytest.param(
        'field = "decision", is = ["deferred", "refused"]',
        "",
        "agreement.2.recipient.1.when.0",
        id="empty condition",
    ),
    pytest.param('fact = "sender-is-cause-source"', 'fact = "friend"', "agreement.1.sender.0.when.0", id="fact"),
    pytest.param(
        'fact = "sender-is-cause-source"',
        'fact = "recipient-is-cause-source"',
        "agreement.1.sender.0.when.0",
        id="a fact about recipients, asked of a sender",
    ),
    pytest.param(
        'fact = "one-recipient", judged_by = "sender"',
        'fact = "one-recipient"',
        "agreement.17.recipient.0.when.1",
        id="a fact of the draft, asked of the recipient",
    ),
    pytest.param(
        '{ field = "nexus", is = ["terror"] }',
        '{ fact = "recipient-is-cause-source" }',
        "agreement.2.recipient.2.when.0",
        id="a fact about a cause, where there is none",
    ),
    pytest.param('narrowed = ["routedTo"]', 'narrowed = ["sentTo"]', "agreement.1.narrowed", id="narrowed field"),
    pytest.param(
        '{ attribute = "basis", is', '{ attribute = "tlp", is', "agreement.9.recipient.1.when.0", id="attribute"
    ),
    pytest.param('is = ["pdp20-2-d"] }', 'is = ["d"] }', "agreement.9.recipient.1.when.0", id="value of an attribute"),
    pytest.param(
        'narrowed_to_known = ["events"]', 'narrowed_to_known = ["cases"]', "agreement.15.narrowed_to_known", id="known"
    ),
    pytest.param(
        'narrowed_to_known = ["events"]\n',
        "",
        "agreement.15.recipient.0.when.0",
        id="events of which the sender's node is not asked what it knows",
    ),
    pytest.param(
        'recipient_sent = "events", judged_by = "sender"',
        'recipient_sent = "events"',
        "agreement.15.recipient.0.when.0",
        id="what was sent to others, asked of the recipient",
    ),
    pytest.param(
        'id = "E13"\n',
        'id = "E13"\nnarrowed_to_known = ["nexus"]\n',
        "agreement.14.topic",
        id="a copy for each, on a topic",
    ),
    pytest.param(
        '[[agreement.topic]]\nroles = ["immigration", "migrant-workers", "police"]',
        '[[agreement.topic]]\nroles = ["immigration", "police"]',
        "agreement.6.topic",
        id="readers other than the area's",
    ),
    pytest.param("[areas.alert]", "[areas.alerts]", "agreement.6.topic", id="a topic that the area does not have"),
    pytest.param(
        'writers = ["immigration", "police", "social-services"]',
        'writers = ["immigration", "police"]',
        "agreement.6.sender",
        id="a sender that may not write",
    ),
    pytest.param('readers = ["immigration"', 'readers = ["spy"', "areas.alert.readers", id="an unknown reader"),
    pytest.param('{ id = "Imigrasi", en = "Immigration" }', '{ id = "Imigrasi" }', "roles.immigration.en", id="name"),
    pytest.param("everybody = [", 'everybody = ["spy", ', "sets.everybody", id="a set with an unknown role"),
    pytest.param("everybody = [", 'everybody = ["ngo", ', "sets.everybody", id="a set with a role twice"),
    pytest.param("everybody = [", 'all = ["everybody"]\neverybody = [', "sets.all", id="a set of sets"),
    pytest.param("everybody = [", 'ngo = ["police"]\neverybody = [', "sets.ngo", id="a set named as a role"),
    pytest.param("everybody = [", "nobody = []\neverybody = [", "sets.nobody", id="an empty set"),
    pytest.param('readers = ["everybody"]', 'readers = ["all"]', "areas.outreach.readers", id="an unknown set"),
    pytest.param(
        'readers = ["everybody"]',
        'readers = ["everybody", "ngo"]',
        "areas.outreach.readers",
        id="a role of a set again",
    ),
    pytest.param("[[agreement]]", "[[agreement", "not TOML", id="no TOML"),
]


@pytest.mark.parametrize(("good", "bad", "place"), SLIPS)
def test_slip_is_refused_with_its_place(good: str, bad: str, place: str) -> None:
    """Nothing in the file is guessed or skipped."""
    text = default_agreements().decode()
    assert good in text
    with pytest.raises(MisconfiguredError) as caught:
        rules(toml=text.replace(good, bad, 1).encode())
    assert caught.value.code == "config.agreements"
    assert caught.value.detail.startswith(place)


def test_set_is_read_as_its_roles() -> None:
    """Whoever writes the list out instead, or other roles beside the set, has written the same."""
    ours = read_document(default_agreements())
    everybody = set(ours.roles) - {"operator"}
    notice = next(row for row in ours.agreement if row.id == "E08")
    statistics = next(row for row in ours.agreement if row.id == "E24")
    assert set(notice.sender[0].roles) == everybody | {"operator"}
    assert set(statistics.sender[0].roles) == set(statistics.topic[0].roles) == everybody
    assert set(ours.areas["outreach"].readers) == everybody


def test_bytes_that_are_no_text_are_refused() -> None:
    """Agreements are UTF-8; an empty file has no agreements and is refused as well."""
    for toml in (b"\xff", b"", b"format = 1"):
        with pytest.raises(MisconfiguredError):
            rules(toml=toml)


def test_agreement_without_readers_is_refused() -> None:
    """An empty list of recipients denies, loudly."""
    text = default_agreements().decode()
    row = text.index('[[agreement.topic]]\nroles = ["counter-terrorism"')
    without = text[:row] + text[text.index("# --- E15") :]
    with pytest.raises(MisconfiguredError) as caught:
        rules(toml=without.encode())
    assert "nobody may receive it" in caught.value.detail


def test_agency_of_an_unknown_role_is_refused() -> None:
    """A federation whose roles and agreements do not fit is not used."""
    ours = federation()
    agencies = {**ours.agencies, NGO: replace(ours.agencies[NGO], role=Role("spy"))}
    with pytest.raises(MisconfiguredError) as caught:
        compile_rules(replace(ours, agencies=agencies))
    assert caught.value.detail.startswith(f"agencies.{NGO}")


def test_readers_of_a_topic_are_the_agencies_of_its_roles() -> None:
    """The source is never counted; an area without a topic has no readers."""
    assert RULES.topic_readers("alert", POL) == {IMI, BP3MI}
    assert RULES.topic_readers("alert", UPTD) == {POL, IMI, BP3MI}
    assert RULES.topic_readers("intel", IMI) == {POL, BNPT}
    assert RULES.topic_readers("referral", POL) == frozenset()
    assert OPS not in RULES.topic_readers("outreach", POL)


WRITES = [
    (POL, area_topic("alert"), True),
    (UPTD, area_topic("alert"), True),
    (NGO, area_topic("alert"), False),
    (BP3MI, area_topic("alert"), False),
    (BNPT, area_topic("alert"), False),
    (BNPT, area_topic("intel"), True),
    (UPTD, area_topic("intel"), False),
    (OPS, area_topic("outreach"), False),
    (GT, area_topic("outreach"), True),
    (IMI, mail_topic(IMI, UPTD), True),
    (IMI, mail_topic(UPTD, IMI), False),
    (IMI, mail_topic(IMI, IMI), False),
    (IMI, keys_topic(IMI, IMI), True),
    (IMI, keys_topic(IMI, UPTD), True),
    (IMI, mail_topic(IMI, OPS), True),
    (OPS, mail_topic(OPS, BNPT), True),
    (IMI, area_topic("referral"), False),
    (IMI, Topic("simpul.federation"), False),
    (AgencyId("nobody"), area_topic("alert"), False),
]


@pytest.mark.parametrize(("source", "topic", "may"), WRITES)
def test_may_write(source: AgencyId, topic: Topic, may: bool) -> None:  # noqa: FBT001 - a table of cases
    """Writers are those whom the agreements name; a mailbox has one writer."""
    assert RULES.may_write(source, topic) is may
    assert (topic in RULES.topics_written_by(source)) is may


def test_what_one_may_write_another_reads() -> None:
    """Every topic that is written by one has a reader, and each reader of a mailbox one writer."""
    written = {topic for agency in ROLES for topic in RULES.topics_written_by(agency)}
    read = {topic for agency in ROLES for topic in RULES.topics_read_by(agency)}
    assert written == read
    for topic in read:
        if topic.startswith(("simpul.mail.", "simpul.keys.")):
            assert sum(RULES.may_write(agency, topic) for agency in ROLES) == 1
            assert sum(topic in RULES.topics_read_by(agency) for agency in ROLES) == 1


def test_topics_of_some_agencies() -> None:
    """Immigration reads alerts and intelligence, the operator no area at all; a stranger reads nothing."""
    read = RULES.topics_read_by(IMI)
    assert area_topic("alert") in read
    assert area_topic("intel") in read
    assert list(read) == sorted(set(read))
    assert not any(area_topic(name) in RULES.topics_read_by(OPS) for name in ("alert", "intel", "outreach"))
    assert RULES.topics_read_by(AgencyId("nobody")) == ()
    assert area_topic("alert") not in RULES.topics_read_by(LPSK)
    assert area_topic("alert") not in RULES.topics_read_by(SOS)


def test_every_two_agencies_have_mailboxes() -> None:
    """Whoever receives anything serves a notice and gives a receipt: two mail and two key topics a pair."""
    for agency, other in permutations(ROLES, 2):
        assert mail_topic(other, agency) in RULES.topics_read_by(agency)
        assert keys_topic(other, agency) in RULES.topics_read_by(agency)
    topics = {topic for agency in ROLES for topic in RULES.topics_read_by(agency)}
    pairs = len(ROLES) * (len(ROLES) - 1)
    assert len(topics) == 2 * pairs + len(ROLES) + len(("alert", "intel", "outreach"))


def test_every_code_of_a_condition_is_registered() -> None:
    """Each refusal has its sentences."""
    assert {fact.code for fact in FACTS.values()} - set(registry()) == set()
