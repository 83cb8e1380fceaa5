"""Authorization and error responses of the account API."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from flask import Blueprint, Response, g, request

from simulator.access import may_use_account
from simulator.account.account import Account
from simulator.account.api.xml import rejection
from simulator.rejections import RejectedError


def guard(
    blueprint: Blueprint,
    account: Account,
    roots: Mapping[str, str],
    bad_request: Callable[[str, RejectedError], Response] = rejection,
) -> None:
    """Check credentials and account id on every path of a blueprint, and write rejections as XML.

    `roots` maps a part of the path to the root element of rejections; the first match applies. `bad_request`
    writes the rejections with status 400.
    """

    @blueprint.url_value_preprocessor
    def take_account_id(_: str | None, values: dict[str, str] | None) -> None:
        values = {} if values is None else values
        values.pop("version", None)
        g.account_id = values.pop("account_id", None)

    @blueprint.before_request
    def check() -> Response | None:
        config = account.config
        if not may_use_account(account):
            scheme = "Bearer" if config.generation == "current" else "Basic"
            return Response(status=401, headers={"WWW-Authenticate": f'{scheme} realm="Bandwidth"'})
        if g.account_id not in (None, config.account_id):
            raise RejectedError(403, "1001", "Access denied.")
        return None

    @blueprint.errorhandler(RejectedError)
    def reject(rejected: RejectedError) -> Response:
        root = next(each for part, each in roots.items() if part in request.path)
        write = bad_request if rejected.status == HTTPStatus.BAD_REQUEST else rejection
        return write(root, rejected)
