"""An argument parser that says which option was probably meant."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """Takes options by their full names only: a shortened one is a slip of the hand."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """End with status 2, this command's usage and the nearest option to the unknown one."""
        wrong = next((word for word in unknown if word.startswith("--")), unknown[0])
        name = wrong.partition("=")[0]
        near = difflib.get_close_matches(name, list(self._option_string_actions), 1)
        kind = "option" if name.startswith("-") else "argument"
        self.error(f"unknown {kind} {name}" + (f": did you mean {near[0]}?" if near else ""))
