"""Size of the environment of SendKeywordReply. Lambda rejects a deployment with more than 4 KB."""

import json
from typing import Any

import pytest

from tests.contracts.template.deployed import DEPLOYED, GLOBALS
from tests.contracts.template.test_parameters import is_accepted
from tests.template import template

MAX_BYTES = 4096
# A long stack name in a region with a long name.
STACK, REGION, ACCOUNT = "s" * 40, "ap-southeast-1", "1" * 12
PSEUDO_PARAMETERS = {"AWS::StackName": STACK, "AWS::Region": REGION}
URL = "https://messaging.bandwidth.com/api/v2"
MAX_REPLY_CHARACTERS = 160
ENGLISH = "e" * MAX_REPLY_CHARACTERS
# Each eighth letter has an accent, which takes two bytes.
ACCENTED = "é eeeeee" * (MAX_REPLY_CHARACTERS // 8)
MAX_WORDS_CHARACTERS = 90
# Phrases of letters with two bytes each, such as Greek and Cyrillic ones.
WORDS = ",".join(["ж" * 30, "ж" * 29, "ж" * 29])
LONGEST = {
    **{f"{kind}Reply": ENGLISH for kind in ("Stop", "Start", "Help")},
    **{
        f"{kind}Reply{language}": ACCENTED
        for kind in ("Stop", "Start", "Help")
        for language in ("French", "Spanish")
    },
    **dict.fromkeys(["StopWords", "StartWords", "HelpWords"], WORDS),
    "BandwidthAccountId": ACCOUNT,
    "BandwidthSiteId": ACCOUNT,
}


def resolve_name(name: str) -> str:
    """Return a long value of a parameter, or the id of a resource."""
    if name in PSEUDO_PARAMETERS:
        return PSEUDO_PARAMETERS[name]
    if name == "Settings":
        return "99999"
    if (parameter := template()["Parameters"].get(name)) is not None:
        return LONGEST.get(name) or str(parameter["Default"])
    resource = f"{STACK}-{name}-{'x' * 12}"
    return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{resource}" if "Queue" in name else resource


def resolve(value: Any) -> str:
    """Return a long value of an environment variable."""
    match value:
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return resolve_name(name)
        case {"Fn::If": [_, {"Ref": "BandwidthUserId"}, _]}:
            return "u-" + "x" * 24
        case dict():
            return URL
    return str(value)


def test_the_longest_replies_and_words_fit_into_the_environment() -> None:
    variables = GLOBALS["Environment"]["Variables"] | DEPLOYED["SendKeywordReply"]["Environment"]["Variables"]
    environment = {name: resolve(value) for name, value in variables.items()}

    # Lambda measures the variables as JSON.
    measured = json.dumps(environment, ensure_ascii=False, separators=(",", ":"))
    assert [environment["STOP_REPLY"], environment["HELP_REPLY_ES"]] == [ENGLISH, ACCENTED]
    assert environment["START_WORDS"] == WORDS
    assert len(measured.encode()) <= MAX_BYTES


@pytest.mark.parametrize("name", ["StopWords", "StartWords", "HelpWords"])
def test_a_list_of_words_is_at_most_as_long_as_the_environment_allows(name: str) -> None:
    assert len(WORDS) == MAX_WORDS_CHARACTERS
    assert is_accepted(name, WORDS)
    assert not is_accepted(name, f"{WORDS}ж")


def test_a_reply_is_at_most_as_long_as_the_environment_allows() -> None:
    replies = [name for name in template()["Parameters"] if "Reply" in name]

    assert all(is_accepted(name, ENGLISH) for name in replies)
    assert not any(is_accepted(name, f"{ENGLISH}e") for name in replies)
