"""The optional archive of media."""

import pytest

from tests.bus import KIND_OF
from tests.template import resources, template


@pytest.mark.parametrize(
    "logical_id", [*(n for n in template()["Resources"] if n.startswith("Media")), "ArchiveMedia"]
)
def test_the_archive_exists_only_on_request(logical_id: str) -> None:
    assert template()["Resources"][logical_id]["Condition"] == "ArchivesMedia"
    assert template()["Conditions"]["ArchivesMedia"] == {"Fn::Equals": [{"Ref": "MediaArchive"}, "true"]}
    assert template()["Parameters"]["MediaArchive"]["Default"] == "false"


def test_a_rule_queues_messages_with_media_for_the_archive() -> None:
    rule = resources("AWS::Events::Rule")["MediaRule"]

    assert rule["EventPattern"] == {
        "source": [{"Ref": "AWS::StackName"}],
        "detail-type": ["Message Received"],
        "detail": {"mediaCount": [{"exists": True}]},
    }
    assert set(rule["EventPattern"]["detail-type"]) <= KIND_OF.keys()
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["MediaQueue", "Arn"]}
    # Without an input transformer both queues get the same event, so that dead letters can be moved back.
    assert target.keys() == {"Id", "Arn", "DeadLetterConfig"}
