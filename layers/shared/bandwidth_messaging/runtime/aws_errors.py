"""Classifies errors of AWS clients for the doctor."""

from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError
from botocore.exceptions import BotoCoreError, ClientError

from bandwidth_messaging.services.diagnosis import AwsFailure


def classify_aws_error(error: Exception) -> AwsFailure | None:
    """Return how a call of AWS failed, None for an error of another kind."""
    match error:
        case TransformParameterError():
            return AwsFailure.SECRET_NOT_JSON
        case GetParameterError():
            return _classify_secret_error(error)
        case BotoCoreError() | ClientError():
            return AwsFailure.SERVICE_ERROR
        case _:
            return None


def _classify_secret_error(error: GetParameterError) -> AwsFailure:
    # Powertools keeps the client's error as the cause.
    cause = error.__cause__ or error.__context__
    code = cause.response["Error"]["Code"] if isinstance(cause, ClientError) else None
    match code:
        case "ResourceNotFoundException":
            return AwsFailure.SECRET_MISSING
        case "AccessDeniedException" | "AccessDenied":
            return AwsFailure.SECRET_ACCESS_DENIED
        case _:
            return AwsFailure.SECRET_UNAVAILABLE
