"""Facts about the machine and the run that a reader of a figure needs: no path, no host name."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.probes import processor_flags

_TELLING_FLAGS = re.compile(r"^(sse4_2|f16c|fma|avx.*|amx.*)$")


def facts(compiler: str = "") -> dict[str, Any]:
    """Return the machine's facts for the results."""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": command_line(sys.argv),
        "commit": _commit(),
        "processor": _first("model name") or platform.processor() or "unknown",
        "family_model": [_first("cpu family"), _first("model")],
        "processors": processors(),
        "flags": sorted(f for f in processor_flags() if _TELLING_FLAGS.match(f)),
        "caches": _caches(),
        "memory_gib": _memory(),
        "load_at_start": [round(x, 2) for x in os.getloadavg()]
        if hasattr(os, "getloadavg")
        else [],
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "probe_compiler": compiler,
    }


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def command_line(arguments: list[str]) -> str:
    """Return the command as it can be repeated elsewhere: of paths only the last part."""
    shown = [Path(a).name if os.sep in a else a for a in arguments[1:]]
    chosen = [f"{k}={os.environ[k]}" for k in ("DIGITNET_CPU_ISA",) if os.environ.get(k)]
    return " ".join([*chosen, "python", f"bench/{Path(arguments[0]).name}", *shown])


def without_paths(text: str) -> str:
    """Return a message of a library without this machine's folders in it."""
    return re.sub(r"(?:/[\w.+@-]+){2,}", lambda m: m.group().rpartition("/")[2], text)


def _first(key: str) -> str:
    """Return the first value of a line of /proc/cpuinfo."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
    found = re.search(rf"^{key}\s*: (.*)$", text, re.MULTILINE)
    return found.group(1).strip() if found else ""


def _caches() -> dict[str, str]:
    caches = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = (
            (index / name).read_text().strip() for name in ("level", "type", "size")
        )
        caches[f"L{level} {kind.lower()}"] = size
    return caches


def _commit() -> str:
    """Return the commit of the code that is measured, where it comes from a repository."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--exclude=*"],
            cwd=Path(__file__).resolve().parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _memory() -> float:
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0.0
    return round(pages * size / 2**30, 1)
