"""Operations of the ControlApi for files to send. functions/control/upload_media registers them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import AfterValidator, Field

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.resolver import operation
from bandwidth_messaging.domain.problems import FieldProblem, NotFound
from bandwidth_messaging.domain.times import now, to_rfc3339
from bandwidth_messaging.domain.uploads import CONTENT_TYPES, MAX_FILE_BYTES, NAME_RULE, is_name, to_media
from bandwidth_messaging.domain.validation import CamelModel

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from bandwidth_messaging.store.upload_store import Uploads

_TAG: Final = "Media"
_EXAMPLE: Final = "logo.png"
_FORM_LIFETIME: Final = timedelta(minutes=15)
_NOT_FOUND: Final = "{} is not uploaded. PUT /media/{} returns a form to upload it."
_TYPE_PROBLEM: Final = FieldProblem(
    "contentType", f'"image/tiff" is not a type for MMS. Use {", ".join(sorted(CONTENT_TYPES))}.'
)
_NAME_PROBLEM: Final = FieldProblem("name", f"is not a name. {NAME_RULE}")


def _check_name(name: str) -> str:
    if not is_name(name):
        message = f"is not a name. {NAME_RULE}"
        raise ValueError(message)
    return name


def _check_type(content_type: str) -> str:
    if content_type not in CONTENT_TYPES:
        shown = "".join(char if char.isprintable() else "?" for char in content_type)
        message = f'"{shown}" is not a type for MMS. Use {", ".join(sorted(CONTENT_TYPES))}.'
        raise ValueError(message)
    return content_type


_Name = Annotated[
    str, AfterValidator(_check_name), Path(description="Name that you choose", examples=[_EXAMPLE])
]


class NewUpload(CamelModel):
    """Body of PUT /media/{name}."""

    content_type: Annotated[str, Field(max_length=100), AfterValidator(_check_type)] = Field(
        description="Type of the file", examples=["image/png"]
    )


def add_media_routes(app: "APIGatewayRestResolver", uploads: "Callable[[], Uploads]") -> None:
    """Register the operations."""

    @operation(
        app.put,
        "/media/<name>",
        tag=_TAG,
        response=responses.Upload,
        errors={HTTPStatus.UNPROCESSABLE_ENTITY: _TYPE_PROBLEM},
    )
    def upload_media(name: _Name, new: Annotated[NewUpload, Body()]) -> dict[str, Any]:
        """Return a form that uploads a file to send.

        Send the form as a POST request (multipart/form-data) with all fields and, last, the field file. The
        form is valid for 15 minutes, for a file of this type with at most maxBytes bytes. A file with the
        same name is replaced.
        """
        url, fields = uploads().create_form(
            name, new.content_type, seconds=int(_FORM_LIFETIME.total_seconds())
        )
        expires_at = datetime.fromisoformat(now()) + _FORM_LIFETIME
        return {
            "name": name,
            "media": to_media(name),
            "form": {"url": url, "fields": fields},
            "maxBytes": MAX_FILE_BYTES,
            "expiresAt": to_rfc3339(expires_at.isoformat()),
        }

    @operation(
        app.get,
        "/media/<name>",
        tag=_TAG,
        response=responses.UploadedFile,
        errors={
            HTTPStatus.NOT_FOUND: _NOT_FOUND.format(_EXAMPLE, _EXAMPLE),
            HTTPStatus.UNPROCESSABLE_ENTITY: _NAME_PROBLEM,
        },
    )
    def get_media(name: _Name) -> dict[str, Any]:
        """Return the size and the type of an uploaded file."""
        if (file := uploads().find(name)) is None:
            raise NotFound(_NOT_FOUND.format(name, name))
        return {
            "name": name,
            "media": to_media(name),
            "contentType": file.content_type,
            "bytes": file.size,
            "uploadedAt": file.uploaded_at,
        }
