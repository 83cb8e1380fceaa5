"""Path of the control API. The imitated APIs skip requests under it."""

PREFIX = "/_simulator"


def is_control(path: str) -> bool:
    return path == PREFIX or path.startswith(f"{PREFIX}/")
