"""The scripts of bench/, run as users run them."""

import os
import subprocess
import sys
from pathlib import Path

import digitnet

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(digitnet.__file__).resolve().parent.parent


def script(name, *arguments, **variables):
    """Run bench/NAME with this Python and this digitnet."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), **variables}
    return subprocess.run(
        [sys.executable, str(ROOT / "bench" / name), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
    )
