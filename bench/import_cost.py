"""What a library costs before it does anything: seconds to import it, bytes on disk."""

from __future__ import annotations

import importlib.metadata as metadata
import importlib.util
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

_TIMER = """
import time
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""


def measure(statement: str, distributions: list[str], runs: int) -> dict[str, Any]:
    """Time the import in fresh interpreters, once unheeded (it fills the disk's cache), and weigh.

    "bytes" are those of the packages themselves, "bytes_with_dependencies" of all that
    installing them brings along.
    """
    seconds = [_import_seconds(statement) for _ in range(runs + 1)][1:]
    own = {_canonical(name) for name in distributions}
    return {
        "seconds": seconds,
        "median": statistics.median(seconds),
        "bytes": sum(_size(name) for name in own),
        "bytes_with_dependencies": sum(_size(name) for name in _with_dependencies(own)),
        "learned": True,
    }


def _import_seconds(statement: str) -> float:
    program = _TIMER.format(statement=statement)
    # Installed packages come with their .pyc; a source folder must be allowed to have them, too.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return float(done.stdout.split()[-1])


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _size(distribution: str) -> int:
    """Bytes of the installed files, compiled Python (.pyc) left out: it comes and goes."""
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:  # a source folder on PYTHONPATH
        spec = importlib.util.find_spec(distribution)
        folder = Path(spec.origin).parent if spec and spec.origin else None
        paths = list(folder.rglob("*")) if folder else []
    else:
        paths = [Path(str(file.locate())) for file in files]
    kept = (p for p in paths if p.suffix != ".pyc" and ".ruff_cache" not in p.parts)
    return sum(p.stat().st_size for p in kept if p.is_file())


def _with_dependencies(names: set[str]) -> set[str]:
    """Return the distributions and all they require, and that is installed."""
    found: set[str] = set()
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += [r for r in _requirements(name) if _installed(r)]
    return found


def _requirements(name: str) -> list[str]:
    """Return the names that a distribution requires; extras and other platforms do not count."""
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # digitnet's, from its source folder
        lines = ["numpy", "platformdirs", "safetensors", "tqdm"] if name == "digitnet" else []
    needed = [line for line in lines if "extra ==" not in line]
    return [_canonical(re.split(r"[\s;<>=!~\[(]", line, maxsplit=1)[0]) for line in needed]


def _installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True
