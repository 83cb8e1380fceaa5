"""Parameters: their groups and descriptions, and the values that CloudFormation accepts."""

import re
from typing import Any

import pytest

from local.parameter_checks import find_broken_rule
from tests.template import ROOT, template

PARAMETERS: dict[str, dict[str, Any]] = template()["Parameters"]

# For each parameter: values that it must accept, and values that it must reject.
VALUES: dict[str, tuple[list[str], list[str]]] = {
    "BandwidthAccountId": (["9900000"], ["", "99 00", "u-1", "9" * 21]),
    "BandwidthSiteId": (["13651"], ["", "site", "1.5"]),
    "BandwidthUserId": (["", "u-abc123"], ["u/1", "u 1", "a" * 65]),
    "BandwidthSecretName": (
        ["bandwidth-messaging/bandwidth", "prod/bw_1+a=b.c@d-AbCdEf"],
        ["", "arn:aws:secretsmanager:us-east-1:123456789012:secret:bandwidth-AbCdEf", "a b", "a*", "a" * 513],
    ),
    "ForwardSecretName": (
        ["bandwidth-messaging/forward"],
        ["", "arn:aws:secretsmanager:us-east-1:123456789012:secret:forward-AbCdEf", "forward:header"],
    ),
    "TokenUrl": (
        ["https://api.bandwidth.com/api/v1/oauth2/token"],
        [
            "",
            "http://api.bandwidth.com/token",
            "https://",
            "https://api.bandwidth.com/",
            "https://a b",
            "api.com",
        ],
    ),
    **dict.fromkeys(
        ["SegmentPrice", "MmsPrice"],
        (["0", "0.004", "12", "999.999999"], ["", "-1", ".5", "1.", "1,5", "$1", "1000", "0.0000001"]),
    ),
    "CatapultUrl": (
        ["https://api.catapult.inetwork.com/v1"],
        ["", "http://api.catapult.inetwork.com/v1", "https://api.catapult.inetwork.com/v1/"],
    ),
    "DashboardUrl": (
        ["", "https://api.bandwidth.com/api", "https://api.bandwidth.com/api/v2"],
        ["http://api.bandwidth.com/api", "https://api.bandwidth.com/api/", "https:///api", "x"],
    ),
    "MessagingUrl": (
        ["", "https://messaging.bandwidth.com/api/v2"],
        ["http://messaging.bandwidth.com/api/v2", "https://messaging.bandwidth.com/api/v2/"],
    ),
    "LettersBucket": (
        ["", "letters-of.example"],
        ["ab", "Letters", "arn:aws:s3:::letters", "-letters", "letters-"],
    ),
    "KeywordLanguages": (["en", "fr,en", "en, fr, es"], ["", "de", "EN", "en;fr", "en,fr,es,en", "en,"]),
    **dict.fromkeys(
        ["StopWords", "StartWords", "HelpWords"],
        (
            ["", "x", "no more", "genug,no more, c'est fini", "arrêt, стоп", "w" * 30, "abc," * 19 + "abc"],
            [
                " ",
                ",",
                "genug,",
                "genug,,no",
                "stop;end",
                "w" * 31,
                "abc," * 20 + "abc",
                "word," * 18 + "w",
                "a\nb",
            ],
        ),
    ),
    **dict.fromkeys(
        [
            f"{kind}Reply{language}"
            for kind in ("Stop", "Start", "Help")
            for language in ("", "French", "Spanish")
        ],
        (
            ["", "x", "Acme: no more texts. Reply START to resume.", "Arrêt confirmé.\nAcme", "x" * 160],
            [" ", " x", "x ", "x\n", "a\rb", "x" * 161],
        ),
    ),
    "SendConcurrency": (["2", "9", "10", "999", "1000"], ["", "0", "1", "1001", "2.5", "02", "-2", "1e2"]),
    "RetryErrorClasses": (
        ["volume", "volume,carrier", "away, volume, carrier"],
        ["", "spam", "opt_out", "volume,", "volume carrier"],
    ),
    "QuietHours": (
        ["", "21:00-08:00", "00:00-23:59"],
        ["21-08", "24:00-08:00", "21:00-08:60", "21:00", "9:00-10:00", "21:00 - 08:00"],
    ),
    "HighPriorityShare": (["5", "9", "10", "29", "30"], ["", "4", "31", "12.5", "020", "2e1"]),
    "CarrierRetries": (["0", "3"], ["", "4", "1.5", "01", "-1", "1e0"]),
    "LongestSendDelaySeconds": (["300", "899", "900"], ["", "299", "901", "300.5", "0900", "3e2"]),
    **dict.fromkeys(
        ["MessageRetentionDays", "AnalyticsRetentionDays"],
        (
            ["1", "9", "90", "365", "1000", "2999", "3599", "3649", "3650"],
            ["", "0", "3651", "9999999", "90.5", "090", "-1", "1e3"],
        ),
    ),
    "RegistrationSchedule": (
        [
            "rate(15 minutes)",
            "rate(1 hour)",
            "rate(365 days)",
            "cron(0 8 * * ? *)",
            "cron(0/15 8-18 ? * MON-FRI *)",
        ],
        [
            "",
            "15 minutes",
            "rate(0 minutes)",
            "rate(15)",
            "rate(1.5 hours)",
            "cron(0 8 * * *)",
            "at(2030-01-01T00:00:00)",
        ],
    ),
    "DriftSchedule": (["", "rate(1 day)", "cron(0 8 * * ? *)"], [" ", "daily", "rate(1 week)", "rate(1 day"]),
    "ForwardEventsTo": (
        ["", "https://example.com", "https://example.com/", "https://example.com/hooks?key=1"],
        ["http://example.com/hooks", "https://", "example.com", "https://exa mple.com"],
    ),
    "CallbackSourceAddresses": (
        [
            "",
            "198.51.100.0/24",
            "203.0.113.7",
            "198.51.100.0/24,203.0.113.7",
            "0.0.0.0/0",
            "255.255.255.255/32",
            "2001:db8::/32",
            "::1",
            "::/0",
            "fe80::1/128,10.0.0.0/8",
        ],
        [
            "10.0.0/24",
            "127.0.0.0/33",
            "999.1.1.1",
            "256.0.0.1",
            "01.2.3.4",
            "10.0.0.0/",
            "10.0.0.0/024",
            "2001:db8::/129",
            "2001:db8::12345",
            "10.0.0.1, 10.0.0.2",
            "10.0.0.1,",
            ",",
            "everywhere",
        ],
    ),
    "AlarmTopicArn": (
        [
            "",
            "arn:aws:sns:us-east-1:123456789012:alarms",
            "arn:aws-us-gov:sns:us-gov-west-1:123456789012:a_b",
        ],
        [
            "alarms",
            "arn:aws:sqs:us-east-1:123456789012:alarms",
            "arn:aws:sns:us-east-1:123456789012:alarms.fifo",
        ],
    ),
}


def free_text_parameters() -> set[str]:
    """Return the parameters of free text, which need a pattern."""
    return {
        name for name, each in PARAMETERS.items() if each["Type"] == "String" and "AllowedValues" not in each
    }


def is_accepted(name: str, value: str) -> bool:
    """Return whether CloudFormation accepts a value, and `make preflight` before it."""
    return find_broken_rule(PARAMETERS[name], value) is None


def test_every_parameter_of_free_text_has_a_pattern_and_a_description_of_it() -> None:
    assert free_text_parameters() == VALUES.keys()
    assert [
        name
        for name in free_text_parameters()
        if not PARAMETERS[name]["ConstraintDescription"].startswith("must ")
    ] == []


def test_every_number_has_bounds() -> None:
    numbers = {name: each for name, each in PARAMETERS.items() if each["Type"] == "Number"}
    unbounded = {name for name, each in numbers.items() if not {"MinValue", "MaxValue"} <= each.keys()}

    assert {name for name in unbounded if "AllowedValues" not in numbers[name]} == set()


@pytest.mark.parametrize("name", VALUES)
def test_valid_values_are_accepted(name: str) -> None:
    defaults = [PARAMETERS[name]["Default"]] if "Default" in PARAMETERS[name] else []

    assert [value for value in [*VALUES[name][0], *defaults] if not is_accepted(name, value)] == []


@pytest.mark.parametrize("name", VALUES)
def test_values_that_would_break_the_stack_are_rejected_at_deployment(name: str) -> None:
    assert [value for value in VALUES[name][1] if is_accepted(name, value)] == []


def test_every_parameter_is_described_grouped_and_used() -> None:
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(
        template()["Parameters"]
    )
    text = (ROOT / "template.yaml").read_text()
    for name, parameter in template()["Parameters"].items():
        assert parameter["Description"]
        assert re.search(rf"!Ref {name}\b|\$\{{{name}\}}", text), name
