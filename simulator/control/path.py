"""Where the simulator's own control is, so that what imitates Bandwidth leaves it alone."""

PREFIX = "/_simulator"


def is_control(path: str) -> bool:
    return path == PREFIX or path.startswith(f"{PREFIX}/")
