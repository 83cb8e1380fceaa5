"""Waiting, and saying what for."""

import time
from collections.abc import Callable


class CloudError(Exception):
    """Why the local cloud cannot do what it was asked to, in one sentence for the person who asked."""


def wait_for[Result](
    what: str, ready: Callable[[], Result | None], *, seconds: float, interval: float = 0.1
) -> Result:
    """Ask ``ready`` until it has a true answer, and return that; a line is printed on waits longer than 2 s.

    ``what`` is what is being waited for, as in "sam build". Raises CloudError after so many ``seconds``.
    """
    start = time.monotonic()
    next_line = 2.0
    while not (result := ready()):
        waited = time.monotonic() - start
        if waited > seconds:
            raise CloudError(f"Gave up waiting for {what} after {seconds:.0f} s.")
        if waited >= next_line:
            print(f"  waiting for {what}, {waited:.0f} s so far", flush=True)
            next_line += 5.0
        time.sleep(interval)
    return result
