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


def test_messages_with_media_wait_in_the_archives_queue() -> None:
    rule = resources("AWS::Events::Rule")["MediaRule"]

    assert rule["EventPattern"] == {
        "source": [{"Ref": "AWS::StackName"}],
        "detail-type": ["Message Received"],
        "detail": {"mediaCount": [{"exists": True}]},
    }
    assert set(rule["EventPattern"]["detail-type"]) <= KIND_OF.keys()
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["MediaQueue", "Arn"]}
    # What arrives in either queue is an event, so the one can be let back into the other.
    assert target.keys() == {"Id", "Arn", "DeadLetterConfig"}
