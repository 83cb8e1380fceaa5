"""Policies of functions allow only actions that code calls.

The opposite, that a policy allows each action its function calls, is checked whenever a test calls a handler
(tests/functions/conftest.py).
"""

import re

import pytest

from tests import permissions
from tests.contracts.test_walls import LAYER, list_sources
from tests.template import resources

# Powertools reads the secrets.
CALLED_BY_LIBRARIES = {"get_secret_value"}


def method_of(action: str) -> str:
    """Return the method of the AWS client that an action allows: send_message of sqs:SendMessage."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", action.partition(":")[2]).lower()


@pytest.mark.parametrize("logical_id", resources("AWS::Serverless::Function"))
def test_a_policy_allows_only_actions_that_code_calls(logical_id: str) -> None:
    source = "\n".join(path.read_text() for path in list_sources(LAYER))
    called = {*re.findall(r"\.([a-z_]+)\(", source), *CALLED_BY_LIBRARIES}

    unused = [each for each in permissions.allowed(logical_id) if method_of(each.action) not in called]

    assert unused == []
