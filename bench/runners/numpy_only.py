"""NumPy: what an import costs at least, for the comparison of imports."""

from __future__ import annotations

from bench.runners import _harness


class Runner(_harness.Runner):
    """Nothing but the import."""

    PACKAGES = {"numpy": "numpy"}  # noqa: RUF012
    IMPORT = "import numpy"
    KINDS = ("import",)


if __name__ == "__main__":
    _harness.main(Runner)
