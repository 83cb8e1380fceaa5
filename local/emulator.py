"""The AWS emulator: ministack, with one difference from AWS taken out.

ministack answers every exception of a Python function with the error type ``Runtime.HandlerError`` and ends
the function's process. On AWS the error type is the exception's class name, which is what the ``Retry`` and
``Catch`` of a state machine match, and the execution environment stays warm.

Everything the emulator should know comes in environment variables, see ``local/cloud.py``.
``python -m local.emulator DIRECTORY``: the directory only marks the process as belonging to that local cloud.
"""

import sys
from typing import Any

from ministack import app
from ministack.core import lambda_runtime
from ministack.services import lambda_svc

RAISED = "_raised"

# The worker's own answer to an exception, and ours: what Lambda's Python runtime answers, and the traceback
# on the log. The first frame is the worker's.
_WORKER_ANSWER = 'json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()})'
_AWS_ANSWER = (
    'traceback.print_exc() or json.dumps({"status": "ok", "result": {"' + RAISED + '": {'
    '"errorMessage": str(e), "errorType": type(e).__name__, "requestId": context.aws_request_id, '
    '"stackTrace": traceback.format_tb(e.__traceback__)[1:]}}})'
)


def name_exceptions() -> None:
    """Make failed Python functions answer as on AWS.

    Raises RuntimeError when this version of ministack is built differently from the one we pin.
    """
    script: str = lambda_runtime._PYTHON_WORKER_SCRIPT
    if script.count(_WORKER_ANSWER) != 1:
        raise RuntimeError(
            "this version of ministack answers exceptions in a way local/emulator.py does not know"
        )
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_WORKER_ANSWER, _AWS_ANSWER)

    execute = lambda_svc._execute_function_warm

    def execute_and_tell_errors(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = execute(func, event, request_id)
        body = answer.get("body")
        if isinstance(body, dict) and RAISED in body:
            return {**answer, "body": body[RAISED], "error": True}
        return answer

    lambda_svc._execute_function_warm = execute_and_tell_errors


if __name__ == "__main__":
    name_exceptions()
    sys.argv[1:] = []
    app.main()
