"""The commands as tests run them: in this process, and what they print."""

import re

from digitnet.cli import main


def run(capsys, *arguments):
    """Run a command in this process; give status, stdout and stderr."""
    capsys.readouterr()
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def score(text):
    """Find the percentage in the line that ends a training or a test."""
    found = re.search(r"^Score on the test set: ([\d.]+) % \(loss [\d.]+\)$", text, re.M)
    assert found, text
    return float(found[1])
