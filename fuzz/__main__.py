"""Run the fuzzers: ``python -m fuzz TARGET …``; README.md tells more."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

NAMES = ("idx", "model", "weights", "keras", "hdf5", "picture", "backup", "predict")
_LARGEST = 2**16  # bytes of a file
_KEPT = 200  # files that the plain engine damages further


def main() -> int:
    """Read the command line and run what it names."""
    parser = argparse.ArgumentParser(prog="fuzz", description="Feed digitnet damaged files.")
    parser.add_argument("targets", nargs="+", choices=[*NAMES, "all"], metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--files", type=int, default=0, help="as many at most (0: no limit)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=("atheris", "plain"), default="atheris")
    parser.add_argument("--corpus", type=Path, help="a folder that keeps files for the next run")
    parser.add_argument("--replay", type=Path, nargs="+", help="read these files and no others")
    args = parser.parse_args()
    names = NAMES if "all" in args.targets else args.targets
    if len(names) > 1:  # libFuzzer does not come back: a process for each
        options = [item for item in sys.argv[1:] if item not in (*NAMES, "all")]
        codes = [subprocess.call([sys.executable, "-m", "fuzz", n, *options]) for n in names]
        return int(any(codes))
    if args.replay:
        return _replay(names[0], args.replay)
    return (_atheris if args.engine == "atheris" else _plain)(names[0], args)


def _replay(name: str, files: list[Path]) -> int:
    from fuzz.guard import Guard

    guard = Guard(name)
    for path in files:
        print(path, "taken" if guard.run(path.read_bytes()) else "refused")
    return 0


def _plain(name: str, args: argparse.Namespace) -> int:
    """Damage files at random, without looking at what they reach."""
    from fuzz.guard import Guard, limit_memory

    guard, rng = Guard(name), Random(args.seed)
    limit_memory(guard.target.memory)
    files = guard.target.seeds()
    seeds, began = len(files), time.monotonic()
    while time.monotonic() < began + args.seconds and not 0 < args.files <= guard.runs:
        data = guard.target.mutate(rng.choice(files), rng)[:_LARGEST]
        try:
            taken = guard.run(data)
        except BaseException:
            path = Path(f"finding-{name}")
            path.write_bytes(data)
            print(f"{name}: a finding after {guard.runs} files, kept in {path}", file=sys.stderr)
            raise
        if taken and len(files) < seeds + _KEPT:
            files.append(data)
    print(f"{name}: {guard.runs} files, {guard.accepted} taken, no finding")
    return 0


def _atheris(name: str, args: argparse.Namespace) -> int:
    """Damage files and keep those that reach lines which no other has reached."""
    try:
        import atheris
    except ImportError:
        sys.exit("Atheris is not installed (fuzz/requirements.txt); --engine plain needs none")

    with atheris.instrument_imports(include=["digitnet", "zipfile", "gzip", "PIL"]):
        from fuzz.guard import Guard, limit_memory

        guard = Guard(name)  # reads the seeds: what is imported late is imported now

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        rng = Random(seed)
        if rng.random() < 0.1:
            return atheris.Mutate(data, max_size)
        return guard.target.mutate(data, rng)[:max_size]

    def one_input(data: bytes) -> None:
        guard.run(data)

    with tempfile.TemporaryDirectory() as folder:
        corpus = args.corpus / name if args.corpus else Path(folder)
        corpus.mkdir(parents=True, exist_ok=True)
        for i, seed in enumerate(guard.target.seeds()):
            (corpus / f"seed-{i}").write_bytes(seed)
        options = [
            f"-max_total_time={args.seconds}", f"-runs={args.files or -1}", f"-seed={args.seed}",
            f"-max_len={_LARGEST}", "-timeout=20", "-rss_limit_mb=0", "-len_control=0",
            "-print_final_stats=1", f"-artifact_prefix=finding-{name}-",
        ]  # fmt: skip
        atheris.Setup([sys.argv[0], *options, str(corpus)], one_input, custom_mutator=mutate)
        limit_memory(guard.target.memory)
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
