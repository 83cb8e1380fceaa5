"""Checks before a deployment: `make preflight` runs ``python -m local.preflight``. It changes nothing.

It checks the saved configuration, the build and the AWS account. It exits with 1 if a check is wrong.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from local.build import BUILD_DIRECTORY, ROOT, BuildError, list_foreign_libraries, read_template
from local.parameter_checks import fill_defaults, find_problems
from local.saved_configuration import (
    ConfigurationError,
    SavedConfiguration,
    parse_choice,
    read_configuration,
)

# On AWS, Lambda adds the layer to the path.
sys.path.append(str(ROOT / "layers" / "shared"))

from bandwidth_messaging.services.diagnosis import Finding, Result, ok, wrong
from local.account_checks import Account

# CloudFormation's rule for names of stacks.
_STACK_NAME: Final = r"[a-zA-Z][-a-zA-Z0-9]{0,127}"
_MAX_LISTED: Final = 3


def main() -> None:
    """Check a saved configuration, the build and the account. Exit with 1 if a deployment would fail."""
    choice = parse_choice(main.__doc__)
    try:
        configuration = read_configuration(*choice)
    except ConfigurationError as error:
        sys.exit(f"Error: {error}")
    sys.exit(report(check_all(configuration, BUILD_DIRECTORY)))


def check_all(configuration: SavedConfiguration, build: Path) -> Iterator[tuple[str, Finding]]:
    """Yield the name of each check, which is the field that it concerns, and its finding.

    ``build`` is the directory that `sam deploy` uploads.
    """
    template = read_template()
    declared, saved = template["Parameters"], configuration.parameters
    problems = find_problems(declared, saved)
    for name, problem in problems.items():
        yield name, wrong(problem, f"correct {name} in {configuration.file} (docs/deploy.md, Parameters)")
    if not problems:
        yield "parameters", ok(f"{len(saved)} of {len(declared)} are set in {configuration.file}")
    valid = {name: value for name, value in saved.items() if name not in problems}
    parameters = fill_defaults(declared, valid)
    yield "Architecture", check_libraries(build, parameters["Architecture"])
    yield "AWS CLI", check_cli()
    for name, finding in _check_account(configuration, template, parameters):
        if name not in problems:
            yield name, finding


def check_libraries(build: Path, architecture: str) -> Finding:
    """Check that the compiled libraries of a build run on the processor of the functions."""
    if not build.exists():
        return ok("nothing is built yet", "run make build")
    try:
        foreign = list_foreign_libraries(build, architecture)
    except BuildError as error:
        return wrong(str(error), "run make build again")
    if not foreign:
        return ok(f"the build is for {architecture}")
    more = [f"and {len(foreign) - _MAX_LISTED} more"] if len(foreign) > _MAX_LISTED else []
    listed = ", ".join([*foreign[:_MAX_LISTED], *more])
    return wrong(
        f"the functions run on {architecture}, and libraries of the build on another processor: {listed}",
        "run make build, with CONFIG=<file> as for the deployment",
    )


def check_cli() -> Finding:
    """Check that version 2 of the AWS CLI is installed."""
    advice = (
        "install version 2: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
    )
    aws = shutil.which("aws")
    if not aws:
        return ok("aws is not installed; commands of the documentation need it", advice)
    run = subprocess.run([aws, "--version"], capture_output=True, check=False, text=True)
    version = (run.stdout or run.stderr).partition(" ")[0].strip()
    if version.startswith("aws-cli/2."):
        return ok(version)
    found = version if version.startswith("aws-cli/") else "not usable"
    return ok(f"aws is {found}; commands of the documentation need version 2", advice)


def _check_account(
    configuration: SavedConfiguration, template: Mapping[str, Any], parameters: Mapping[str, str]
) -> Iterator[tuple[str, Finding]]:
    stack_name = configuration.stack_name or ""
    if not re.fullmatch(_STACK_NAME, stack_name):
        found = f'"{stack_name}" is not a name of a stack: it must have 1 to 128 letters, digits and hyphens'
        yield "stack_name", wrong(found, f"correct stack_name in {configuration.file}")
        return
    try:
        session = boto3.Session(profile_name=configuration.profile, region_name=configuration.region)
    except BotoCoreError as error:
        yield "profile", wrong(str(error), f"correct profile in {configuration.file}, or run aws configure")
        return
    if not session.region_name:
        yield "region", wrong("no region is set", f"set region in {configuration.file}")
        return
    account = Account(
        client=cache(partial(create_client, session)),
        region=session.region_name,
        stack_name=stack_name,
        s3_bucket=configuration.s3_bucket,
        template=template,
        saved=configuration.parameters,
        parameters=parameters,
    )
    yield from account.check()


def create_client(session: boto3.Session, service: str) -> Any:
    """Return a client of an AWS service that gives up within seconds."""
    config = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 2})
    return session.client(service, config=config)  # type: ignore[call-overload]


def report(checks: Iterable[tuple[str, Finding]]) -> int:
    """Print each check, and return the exit code: 1 if one is wrong."""
    results = set()
    for name, finding in checks:
        results.add(finding.result)
        word = "advice" if finding.result == Result.OK and finding.fix else finding.result
        print(f"{word:<8} {name}: {finding.found}", flush=True)
        if finding.fix:
            print(f"{'':<8} fix: {finding.fix}")
    if Result.WRONG in results:
        print("A deployment would fail. Fix what is wrong, and run make preflight again.")
        return 1
    print("Ready to deploy, except for what is unknown." if Result.UNKNOWN in results else "Ready to deploy.")
    return 0


if __name__ == "__main__":
    main()
