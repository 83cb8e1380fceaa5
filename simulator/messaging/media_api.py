"""Media endpoints: the current API's under /messaging/api/v2, and V1's (download only)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request

from simulator.account.account import Account
from simulator.catapult.errors import not_found as catapult_not_found
from simulator.catapult.json_api import guard
from simulator.messaging.media import MAX_BYTES, MediaFile, MediaStore
from simulator.messaging.messages_api import CURRENT_PATH, error, reject_access
from simulator.rate_limits import RateLimits

MediaResponse = Response | tuple[Response, int]
OCTETS = "application/octet-stream"


def blueprint(account: Account, media: MediaStore) -> Blueprint:
    """Return the media API. An id may contain slashes, also as %2F."""
    api = Blueprint("media", __name__, url_prefix=f"{CURRENT_PATH}/media")

    @api.before_request
    def check() -> MediaResponse | None:
        return reject_access(account, (request.view_args or {}).pop("account_id"), account.config.account_id)

    @api.get("")
    def list_media() -> MediaResponse:
        try:
            after = urlsafe_b64decode(request.headers.get("Continuation-Token", "")).decode()
        except ValueError:
            return error(
                400, "request-validation", "'Continuation-Token' is not a token from an earlier response"
            )
        files, last = media.page(after)
        response = jsonify([_listed(each) for each in files])
        if last is not None:
            response.headers["Continuation-Token"] = urlsafe_b64encode(last.encode()).decode()
        return response

    @api.put("/<path:media_id>")
    def upload_media(media_id: str) -> MediaResponse:
        content = request.get_data()
        if len(content) > MAX_BYTES:
            return error(400, "request-validation", f"A file must have {MAX_BYTES} bytes or less")
        cache_control = request.headers.get("Cache-Control")
        media.put(MediaFile(media_id, content, request.content_type or OCTETS, cache_control))
        return Response(status=204)

    @api.get("/<path:media_id>")
    def get_media(media_id: str) -> MediaResponse:
        return _served(media.get(media_id)) or _absent()

    @api.delete("/<path:media_id>")
    def delete_media(media_id: str) -> MediaResponse:
        return Response(status=204) if media.delete(media_id) else _absent()

    return api


def blueprint_v1(account: Account, media: MediaStore, rate_limits: RateLimits) -> Blueprint:
    """Return V1's media API. The events of inbound messages have its URLs."""
    api = Blueprint("media_v1", __name__, url_prefix="/v1/users/<user_id>/media")
    guard(api, account)

    @api.get("/<name>")
    def get_media(name: str) -> Response:
        rate_limits.take_request("media")
        if served := _served(media.get(name)):
            return served
        raise catapult_not_found("media", name)

    return api


def _absent() -> MediaResponse:
    return error(404, "media-not-found", "The media file does not exist.")


def _listed(file: MediaFile) -> dict[str, str | int]:
    url = f"{request.base_url.rstrip('/')}/{quote(file.id)}"
    return {"contentLength": len(file.content), "mediaName": file.id, "content": url}


def _served(file: MediaFile | None) -> Response | None:
    if file is None:
        return None
    response = Response(file.content, content_type=file.content_type)
    if file.cache_control:
        response.headers["Cache-Control"] = file.cache_control
    return response
