"""Waiting with progress messages."""

import time
from collections.abc import Callable


class CloudError(Exception):
    """The local cloud cannot do what was requested. The message is one sentence for the user."""


def wait_for[Result](
    what: str, ready: Callable[[], Result | None], *, seconds: float, interval: float = 0.1
) -> Result:
    """Call ``ready`` until it returns a true value, and return that value. Print a line after 2 seconds.

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
