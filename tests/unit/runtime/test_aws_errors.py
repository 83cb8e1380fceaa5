"""Errors of AWS clients are classified by their codes, not by their texts."""

import pytest
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError
from botocore.exceptions import ClientError, ReadTimeoutError

from bandwidth_messaging.runtime.aws_errors import classify_aws_error
from bandwidth_messaging.services.diagnosis import AwsFailure


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "some words"}}, "GetSecretValue")


def secret_error(cause: Exception) -> GetParameterError:
    """Return the error that Powertools raises while it handles the error of the client."""
    error = GetParameterError("some words")
    error.__context__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (secret_error(client_error("ResourceNotFoundException")), AwsFailure.SECRET_MISSING),
        (secret_error(client_error("AccessDeniedException")), AwsFailure.SECRET_ACCESS_DENIED),
        (secret_error(client_error("ThrottlingException")), AwsFailure.SECRET_UNAVAILABLE),
        (secret_error(ReadTimeoutError(endpoint_url="")), AwsFailure.SECRET_UNAVAILABLE),
        (TransformParameterError("ResourceNotFoundException"), AwsFailure.SECRET_NOT_JSON),
        (client_error("AccessDeniedException"), AwsFailure.SERVICE_ERROR),
        (ReadTimeoutError(endpoint_url=""), AwsFailure.SERVICE_ERROR),
        (ValueError("ResourceNotFoundException"), None),
    ],
)
def test_an_error_is_classified(error: Exception, failure: AwsFailure | None) -> None:
    assert classify_aws_error(error) == failure
