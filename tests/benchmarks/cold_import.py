"""Print how long a new interpreter imports functions of the build, with its bytecode and without.

Run `make build` for this machine's processor first, then `python -m tests.benchmarks.cold_import`. As in
Lambda, Python cannot keep what it compiles.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from local.build import BUILD_DIRECTORY

STARTS = 15
MODULES = ("send_message", "receive_callback", "order_numbers")
# The imports of the interpreter itself and of boto3, which the runtime brings, are not measured.
SCRIPT = (
    "import boto3, importlib, time\nstart = time.perf_counter()\nimportlib.import_module('{}')\n"
    "print(time.perf_counter() - start)"
)


def main() -> None:
    """Measure each function, alternately with and without bytecode."""
    with tempfile.TemporaryDirectory() as directory:
        plain = Path(directory) / "build"
        shutil.copytree(BUILD_DIRECTORY, plain, ignore=shutil.ignore_patterns("__pycache__"))
        for module in MODULES:
            without, compiled = [], []
            for _ in range(STARTS):
                without.append(import_seconds(plain, module))
                compiled.append(import_seconds(BUILD_DIRECTORY, module))
            before, after = statistics.median(without), statistics.median(compiled)
            sys.stdout.write(f"{module}: {before:.3f} s without, {after:.3f} s with, {after / before:.2f}\n")


def import_seconds(build: Path, module: str) -> float:
    """Return the seconds that a new interpreter needs to import a handler from a build."""
    paths = (find_code(build, module), build / "SharedLayer" / "python")
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command = [sys.executable, "-c", SCRIPT.format(module)]
    printed = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    return float(printed.stdout)


def find_code(build: Path, module: str) -> Path:
    """Return the directory with a handler's module. SAM builds each room once, for its first function."""
    return next(build.glob(f"*/{module}.py")).parent


if __name__ == "__main__":
    main()
