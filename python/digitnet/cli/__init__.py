"""The command line: `digitnet train | evaluate | predict | bench | doctor`.

Each command is a module here with two functions: `add_parser` declares its options, `run` does the
work and gives the exit status.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from . import bench, doctor, evaluate, messages, predict, train
from .parser import Parser

_COMMANDS = (train, evaluate, predict, bench, doctor)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    Args:
        argv: the arguments after the program's name; None means those of this process.

    Returns:
        0 for success, 1 for a mistake that one sentence on stderr explains (a missing file, bad
        data, a device that cannot be used), 130 after Ctrl-C.

    Raises:
        SystemExit: `--help` and `--version` (status 0), or wrong options (status 2).
    """
    parser, commands = _parsers()
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        commands[args.command].refuse(unknown)
    try:
        status: int = args.run(args)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print(f"\ndigitnet {args.command}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output, `head` for instance, has seen enough. What Python still holds
        # for it must go somewhere, or the interpreter complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ValueError, RuntimeError, ImportError, MemoryError) as error:
        messages.complain(args.command, error)
        return 1


def _parsers() -> tuple[Parser, dict[str, Parser]]:
    """The whole command line's parser, and each command's by its name."""
    parser = Parser(
        prog="digitnet",
        description="Train and run multilayer perceptrons on handwritten digits.",
        epilog="digitnet COMMAND --help tells more about a command.",
    )
    parser.add_argument("--version", action=_Version, help="show the version and leave")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser, commands.choices


class _Version(argparse.Action):
    """Prints the version; only this option pays for looking it up."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *args: object) -> None:
        from digitnet import __version__

        print(f"digitnet {__version__}")
        parser.exit()
