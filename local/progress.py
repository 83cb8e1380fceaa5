"""Wait for the parts of the local cloud, with progress messages."""

import time
from collections.abc import Callable


class CloudError(Exception):
    """The local cloud cannot do what was requested. The message is for the user."""


def wait_for[Result](
    what: str, ready: Callable[[], Result | None], *, seconds: float, interval: float = 0.1
) -> Result:
    """Call ``ready`` until it returns a true value, and return that value.

    Prints a progress line after 2 seconds and every 5 seconds. ``what`` names the awaited result, such as
    "sam build". Raises CloudError after ``seconds``.
    """
    start = time.monotonic()
    next_line = 2.0
    while not (result := ready()):
        waited = time.monotonic() - start
        if waited > seconds:
            raise CloudError(f"Waiting for {what} timed out after {seconds:.0f} s.")
        if waited >= next_line:
            print(f"  waiting for {what} ({waited:.0f} s)", flush=True)
            next_line += 5.0
        time.sleep(interval)
    return result
