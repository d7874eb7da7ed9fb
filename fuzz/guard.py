"""What no file may do: the check around every call of a target."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

from fuzz.targets import TARGETS, Target

SENTENCE = 1000  # characters of an error, the path left out

_FORBIDDEN = re.compile(
    r"subprocess\.|os\.(system|exec|posix_spawn|fork|startfile|remove|rename|symlink|chmod)"
    r"|pickle\.find_class|socket\.|ctypes\.|urllib\."
)


class Finding(Exception):
    """A file made digitnet do what it must not."""


class Guard:
    """Runs a target on one file after the other, in a folder where nothing else may appear."""

    def __init__(self, name: str) -> None:
        self.target: Target = TARGETS[name]
        shared = "/dev/shm"  # in memory, where there is such a thing
        parent = shared if os.access(shared, os.W_OK) else None
        self._folder = Path(tempfile.mkdtemp(prefix="digitnet-fuzz-", dir=parent))
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        self._path = self._folder / "file"
        self._ready = self._watching = False
        self.runs = self.accepted = 0
        sys.addaudithook(self._audit)
        for seed in self.target.seeds():  # everything is imported once before anything is watched
            self.run(seed)
        if self.accepted != self.runs:
            raise Finding("a seed was refused")
        self._ready = True

    def run(self, data: bytes) -> bool:
        """Read a file; return whether it was taken.

        Raises
        ------
        Finding
            Another exception than ValueError, an error that is no sentence, a limit passed, or
            something done that reading a file does not need.
        """
        self._path.write_bytes(data)
        began = time.process_time()
        taken = False
        self._watching = self._ready
        try:
            self.target.read(self._path)
            taken = True
        except ValueError as error:
            self._check_sentence(error)
        except Finding:
            raise
        except Exception as error:
            story = "".join(traceback.format_exception(error))  # Atheris would not show the cause
            raise Finding(f"{type(error).__name__}: {error}\n{story}") from error
        finally:
            self._watching = False
        seconds = time.process_time() - began
        if self._ready and seconds > self.target.seconds:
            raise Finding(f"{seconds:.1f} s for a file of {len(data)} bytes")
        if os.listdir(self._folder) != ["file"]:
            raise Finding(f"files were left behind: {os.listdir(self._folder)}")
        self.runs += 1
        self.accepted += taken
        return taken

    def _check_sentence(self, error: ValueError) -> None:
        text = str(error).replace(str(self._folder), "")
        if not text or len(text) > SENTENCE or "\n" in text:
            raise Finding(f"no sentence of one line: {text[:1500]!r}") from error

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if self._watching and _FORBIDDEN.match(event) and not self._is_own(arguments):
            raise Finding(f"{event}{arguments!r}")

    def _is_own(self, arguments: tuple[object, ...]) -> bool:
        return str(self._folder) in str(arguments[:1])


def limit_memory(size: int) -> None:
    """Let this process have so many bytes of address space more; beyond, it gets a MemoryError.

    Only Linux says how much it has, so that elsewhere there is no limit.
    """
    sizes = Path("/proc/self/statm")
    if not sizes.exists():
        return
    import resource

    now = int(sizes.read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + size, resource.RLIM_INFINITY))
