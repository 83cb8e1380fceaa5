"""make preflight: each finding about configuration, build and tools, and the report."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bandwidth_messaging.services.diagnosis import Finding, Result
from local import preflight
from local.preflight import create_client, report
from tests.local.conftest import Setting

READS = ("Get", "Describe", "List", "Head")


def test_an_account_that_is_ready_has_no_wrong_finding(
    setting: Setting, aws_cli: Callable[[str], None]
) -> None:
    aws_cli("aws-cli/2.31.0 Python/3.13.7 Linux/6.8")
    setting.create_topic()

    findings = setting.find()

    assert {name: finding.result for name, finding in findings.items()} == dict.fromkeys(
        (
            "parameters",
            "Architecture",
            "AWS CLI",
            "credentials",
            "BandwidthSecretName",
            "AlarmTopicArn",
            "SendConcurrency",
            "stack_name",
            "resolve_s3",
        ),
        Result.OK,
    )
    assert [name for name, finding in findings.items() if finding.fix] == ["Architecture"]


def test_every_request_only_reads(setting: Setting) -> None:
    setting.create_topic()
    setting.s3_bucket = "uploads"
    setting.parameters |= {"ForwardEventsTo": "https://example.com", "LettersBucket": "letters"}
    setting.find()
    setting.s3_bucket = None
    setting.stacks["texts"] = "CREATE_COMPLETE"
    setting.operations.clear()

    setting.find()

    assert setting.operations
    assert [name for name in setting.operations if not name.startswith(READS)] == []


# Configuration


def test_a_wrong_parameter_is_named_with_value_rule_and_file(setting: Setting) -> None:
    setting.parameters["SendConcurrency"] = "1"

    finding = setting.find()["SendConcurrency"]

    assert finding == Finding(
        Result.WRONG,
        '"1" is not accepted: it must be a whole number from 2 to 1000',
        "correct SendConcurrency in samconfig.bandwidth-messaging.toml (docs/deploy.md, Parameters)",
    )


def test_the_account_is_checked_although_a_parameter_is_wrong(setting: Setting) -> None:
    setting.parameters |= {"SendConcurrency": "many", "AlarmTopicArn": "alarms"}

    findings = setting.find()

    assert findings["BandwidthSecretName"].result == Result.OK
    assert findings["SendConcurrency"].result == findings["AlarmTopicArn"].result == Result.WRONG


@pytest.mark.parametrize("name", [None, "1st", "a_b", "a" * 129])
def test_a_stack_needs_a_valid_name(setting: Setting, name: str | None) -> None:
    setting.stack_name = name

    finding = setting.find()["stack_name"]

    assert (finding.result, finding.fix) == (
        Result.WRONG,
        "correct stack_name in samconfig.bandwidth-messaging.toml",
    )
    assert f'"{name or ""}"' in finding.found


def test_a_region_must_be_set(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    setting.region = None
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    assert setting.find()["region"] == Finding(
        Result.WRONG, "no region is set", "set region in samconfig.bandwidth-messaging.toml"
    )


def test_a_profile_that_does_not_exist_is_named(setting: Setting) -> None:
    setting.profile = "work"

    finding = setting.find()["profile"]

    assert finding.result == Result.WRONG
    assert "(work)" in finding.found
    assert finding.fix == "correct profile in samconfig.bandwidth-messaging.toml, or run aws configure"


def test_without_credentials_nothing_else_is_read(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setattr(preflight, "create_client", create_client)

    findings = setting.find()

    assert findings["credentials"].result == Result.WRONG
    assert "Unable to locate credentials" in findings["credentials"].found
    assert list(findings)[-1] == "credentials"


# Build and tools


def test_a_build_for_another_processor_is_refused(setting: Setting, tmp_path: Path) -> None:
    for name in ("a.so", "b.so", "c.so", "d.so"):
        # ELF, 64 bits, little-endian, machine 62.
        (tmp_path / name).write_bytes(b"\x7fELF\x02\x01" + bytes(10) + b"\x03\x00\x3e\x00")
    setting.build = tmp_path

    finding = setting.find()["Architecture"]

    assert finding == Finding(
        Result.WRONG,
        "the functions run on arm64, and libraries of the build on another processor:"
        " a.so (x86_64), b.so (x86_64), c.so (x86_64), and 1 more",
        "run make build, with CONFIG=<file> as for the deployment",
    )
    setting.parameters["Architecture"] = "x86_64"
    assert setting.find()["Architecture"] == Finding(Result.OK, "the build is for x86_64")


def test_a_build_without_compiled_libraries_is_refused(setting: Setting, tmp_path: Path) -> None:
    setting.build = tmp_path

    assert setting.find()["Architecture"].result == Result.WRONG


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("aws-cli/1.44.2 Python/3.13.7", "aws-cli/1.44.2"),
        ("no such command", "not usable"),
    ],
)
def test_another_aws_cli_than_version_2_is_advised_against(
    setting: Setting, aws_cli: Callable[[str], None], version: str, found: str
) -> None:
    aws_cli(version)

    finding = setting.find()["AWS CLI"]

    assert finding.result == Result.OK
    assert finding.found == f"aws is {found}; commands of the documentation need version 2"
    assert "getting-started-install" in (finding.fix or "")


# Report


def test_what_aws_does_not_let_the_operator_read_is_unknown(
    setting: Setting, capsys: pytest.CaptureFixture[str]
) -> None:
    setting.denied = "GetSecretValue"

    findings = setting.find()

    assert findings["BandwidthSecretName"] == Finding(
        Result.UNKNOWN,
        "AWS rejected GetSecretValue: AccessDeniedException",
        "use credentials that may call it, or check by hand",
    )
    assert report(findings.items()) == 0
    assert capsys.readouterr().out.endswith("Ready to deploy, except for what is unknown.\n")


def test_the_exit_code_says_whether_a_check_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    fine = ("region", Finding(Result.OK, "us-east-1"))
    advice = ("AWS CLI", Finding(Result.OK, "not installed", "install it"))
    wrong = ("profile", Finding(Result.WRONG, "no profile x", "correct it"))

    assert report([fine, advice]) == 0
    assert capsys.readouterr().out == (
        "ok       region: us-east-1\n"
        "advice   AWS CLI: not installed\n         fix: install it\n"
        "Ready to deploy.\n"
    )
    assert report([fine, wrong]) == 1
    assert "wrong    profile: no profile x\n         fix: correct it\n" in capsys.readouterr().out


def test_the_command_names_a_missing_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "samconfig.prod.toml"
    monkeypatch.setattr("sys.argv", ["preflight", "--config-file", str(file)])

    with pytest.raises(SystemExit) as exit_:
        preflight.main()

    assert str(exit_.value.code).startswith(f"Error: {file} does not exist.")
