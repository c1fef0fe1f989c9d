"""The names of topics are read strictly."""

import pytest

from broker.errors import UntrustedError
from broker.names import AgencyId, Topic, area_topic, keys_topic, mail_topic
from broker.sealing.topics import Kind, TopicName, read_topic

LONGEST = AgencyId("a" + "-" * 61 + "z")


def test_each_kind_of_topic_is_read() -> None:
    """What `broker.names` writes is read back, odd agency ids included."""
    assert read_topic(area_topic("alert")) == TopicName(kind=Kind.AREA)
    for source, recipient in ((AgencyId("polres"), AgencyId("polres")), (AgencyId("mail"), LONGEST)):
        expected = {"source": source, "recipient": recipient}
        assert read_topic(mail_topic(source, recipient)) == TopicName(kind=Kind.MAIL, **expected)
        assert read_topic(keys_topic(source, recipient)) == TopicName(kind=Kind.KEYS, **expected)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "simpul",
        "simpul.",
        "simpul.alert.",
        "simpul..alert",
        "simpul.alert\n",
        "simpul.Alert",
        "simpul.alert2",
        "simpul.al-ert",
        "simpul.\u0430lert",
        "simpul.\ud800",
        "alert",
        "simpul.mail",
        "simpul.keys",
        "simpul.federation",
        "mail.a.b",
        "simpul.simpul.mail.a.b",
        "simpul.mail.a",
        "simpul.mail.a.",
        "simpul.mail..b",
        "simpul.mail.a.b.c",
        "simpul.mail.a.b\n",
        "simpul.mail.-a.b",
        "simpul.mail.a-.b",
        "simpul.mail.A.b",
        "simpul.mail." + "a" * 64 + ".b",
        "simpul.post.a.b",
        "simpul.federation.a.b",
    ],
)
def test_whatever_only_looks_like_a_topic_is_refused(topic: str) -> None:
    """No other name carries records of agencies."""
    with pytest.raises(UntrustedError) as caught:
        read_topic(Topic(topic))
    assert caught.value.code == "untrusted.topic"


@pytest.mark.parametrize("area", ["mails", "keysx", "federations", "ma", "simpul"])
def test_an_area_may_begin_like_another_kind(area: str) -> None:
    """Only the very names are taken."""
    assert read_topic(area_topic(area)).kind is Kind.AREA
