"""Path of the control API. Faults and captures ignore requests under it."""

PREFIX = "/_simulator"


def is_control(path: str) -> bool:
    return path == PREFIX or path.startswith(f"{PREFIX}/")
