"""The saved configuration of a stack, as sam deploy reads it."""

import re
from pathlib import Path

import pytest

from local.saved_configuration import (
    DEFAULT_FILE,
    ConfigurationError,
    SavedConfiguration,
    parse_choice,
    read_configuration,
)
from tests.template import ROOT, template

HEADER = "version = 0.1\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "samconfig.prod.toml"


def test_the_example_asks_for_the_required_parameters_only() -> None:
    required = {name for name, each in template()["Parameters"].items() if "Default" not in each}

    example = read_configuration(ROOT / "samconfig.example.toml")

    assert example.parameters == dict.fromkeys(required, "")
    assert example.stack_name
    assert example.region


def test_parameters_may_be_a_table_for_all_commands(file: Path) -> None:
    file.write_text(
        f'{HEADER}[default.global.parameters]\nstack_name = "texts"\nregion = "eu-west-1"\n'
        '[default.global.parameters.parameter_overrides]\nStopWords = "genug,no more"\nSendConcurrency = 5\n'
    )

    assert read_configuration(file) == SavedConfiguration(
        file=file,
        stack_name="texts",
        region="eu-west-1",
        profile=None,
        s3_bucket=None,
        parameters={"StopWords": "genug,no more", "SendConcurrency": "5"},
    )


def test_the_answers_of_a_guided_deployment_are_read(file: Path) -> None:
    file.write_text(
        f'{HEADER}[default.deploy.parameters]\nstack_name = "texts"\nprofile = "work"\n'
        'parameter_overrides = "BandwidthSiteId=\\"13651\\" StopReply=\\"No more\\" LettersBucket=\\"\\""\n'
    )

    configuration = read_configuration(file)

    assert configuration.parameters == {
        "BandwidthSiteId": "13651",
        "StopReply": "No more",
        "LettersBucket": "",
    }
    assert (configuration.stack_name, configuration.profile) == ("texts", "work")


def test_a_value_for_deploy_wins_over_one_for_all_commands(file: Path) -> None:
    file.write_text(
        f'{HEADER}[default.global.parameters]\nregion = "us-east-1"\n'
        '[default.deploy.parameters]\nregion = "us-west-2"\n'
    )

    assert read_configuration(file).region == "us-west-2"


def test_another_environment_of_the_file_can_be_read(file: Path) -> None:
    file.write_text(f'{HEADER}[prod.deploy.parameters]\nstack_name = "texts-prod"\n')

    assert read_configuration(file, "prod").stack_name == "texts-prod"
    with pytest.raises(ConfigurationError, match="no environment 'default'"):
        read_configuration(file)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (f"{HEADER}[default\n", "line 2"),
        ("[default.deploy.parameters]\n", "'version' key is not present"),
        (
            f'{HEADER}[default.deploy.parameters]\nparameter_overrides = "oops"\n',
            "oops is not a valid format",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_problem(file: Path, content: str, problem: str) -> None:
    file.write_text(content)

    with pytest.raises(ConfigurationError, match=f"{re.escape(str(file))} cannot be read.*{problem}"):
        read_configuration(file)


def test_a_missing_file_is_named_with_the_way_to_create_it(file: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"Copy samconfig\.example\.toml to "):
        read_configuration(file)


def test_a_command_line_chooses_the_file_and_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["tool", "--config-file", "other.toml", "--config-env", "staging"])

    assert parse_choice("A tool.") == (Path("other.toml"), "staging")


def test_a_command_line_without_options_chooses_the_default_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["tool"])

    assert parse_choice("A tool.") == (DEFAULT_FILE, "default")
