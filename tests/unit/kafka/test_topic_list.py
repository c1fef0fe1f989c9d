"""The list of topics is that of DESIGN.md §9."""

from broker.kafka.topics import topics_of
from broker.names import FEDERATION_TOPIC, agency_id, area_topic, keys_topic, mail_topic


def test_the_list_is_the_design_s() -> None:
    """Mailboxes for each ordered pair, keys for each pair and for oneself, three areas, the federation."""
    a, b = agency_id("a"), agency_id("b")
    assert set(topics_of([a, b])) == {
        *(area_topic(area) for area in ("alert", "intel", "outreach")),
        FEDERATION_TOPIC,
        mail_topic(a, b),
        mail_topic(b, a),
        *(keys_topic(source, recipient) for source in (a, b) for recipient in (a, b)),
    }


def test_seven_agencies_have_ninety_five_topics() -> None:
    """Three areas, the federation, forty-two mailboxes, forty-nine topics of keys."""
    topics = topics_of([agency_id(f"a{number}") for number in range(7)])
    assert len(topics) == len(set(topics)) == 3 + 1 + 42 + 49
