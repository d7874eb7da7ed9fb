"""What the commands say besides their results: on stderr, in words, wrapped to the terminal."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap


def note(text: str) -> None:
    """Tell the person something that the result alone does not say; it is not an error."""
    width = min(shutil.get_terminal_size().columns, 100)
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    print("\n".join(lines), file=sys.stderr, flush=True)


def complain(command: str, error: BaseException) -> None:
    """Tell in one line why a command, or a part of its work, failed."""
    sys.stdout.flush()  # what was done comes first
    print(f"digitnet {command}: {sentence(error)}", file=sys.stderr, flush=True)


def sentence(error: BaseException) -> str:
    """What went wrong, without Python's decorations."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{os.fspath(error.filename)}: {error.strerror}"
    if isinstance(error, MemoryError):
        return f"not enough memory ({error})" if str(error) else "not enough memory"
    return str(error) or type(error).__name__
