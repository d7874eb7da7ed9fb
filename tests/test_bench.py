"""The benchmarks: their definitions are sound, and a tiny comparison gives well-formed results."""

import json
import platform
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from bench_scripts import script

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import machine, report, workloads  # noqa: E402
from bench.runners import LIBRARIES  # noqa: E402


def test_help_names_the_workloads_and_libraries():
    done = script("compare.py", "--help")
    assert done.returncode == 0, done.stderr
    for name in (*workloads.WORKLOADS, *LIBRARIES):
        assert name in done.stdout


def test_without_mnist_one_sentence_says_so():
    done = script("compare.py", "--workloads", "article", DIGITNET_DATA="")
    assert done.returncode == 1
    assert done.stderr == "DIGITNET_DATA must name the folder with MNIST's four .gz files.\n"


def test_every_library_has_a_runner():
    runners = {path.stem for path in (ROOT / "bench/runners").glob("[!_]*.py")}
    assert runners == set(LIBRARIES)


@pytest.mark.parametrize("workload", workloads.WORKLOADS.values(), ids=lambda w: w.name)
def test_workloads_are_consistent(workload):
    assert workload.timed >= 1
    if workload.kind == "import":
        return
    assert workload.sizes[0] == workloads.PIXELS
    assert workload.sizes[-1] == workloads.CLASSES
    assert workload.train_samples % workload.batch_size == 0  # jax_jit needs whole batches
    assert workload.warm_up >= 1
    assert 0.75 <= workload.accuracy < 1
    assert workload.gflop > 0


def test_the_article_s_epoch_has_the_arithmetic_that_the_design_states():
    assert workloads.WORKLOADS["article"].gflop == pytest.approx(95.6, abs=0.5)


def test_dense_samples_have_no_zeros():
    workload = workloads.shrunk(workloads.WORKLOADS["dense-input"])
    data = workloads.load(workload, synthetic=True)
    assert data.x_train.dtype == np.float32
    assert data.x_train.min() > 0
    assert data.x_train.max() <= 1


def test_a_tiny_comparison_is_well_formed(tmp_path):
    output = tmp_path / "result.json"
    done = script(
        "compare.py",
        *("--synthetic", "--rounds", 1, "--threads", 1, "--output", output),
        *("--libraries", "digitnet", "onnx_runtime", "--workloads", "article", "predict-one"),
        CXX="/nothing",  # absent limits are part of the format, and compiling takes its time
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(output.read_text())
    rows = {(row["workload"], row["library"]): row for row in result["summary"]}
    for workload in ("article", "predict-one"):
        row = rows[workload, "digitnet"]
        assert row["status"] == "ok"
        assert 0 < row["min"] <= row["median"] <= row["max"]
        assert row["ratio_to_digitnet"] == 1
    assert result["machine"]["processors"] >= 1
    assert "absent" in result["limits"][0]
    assert not re.search(r'"/|[ =]/\w+/\w+', output.read_text())  # no path of this machine
    assert platform.node() not in json.dumps(result["machine"])


def test_a_tiny_search_takes_no_more_threads_than_there_are_processors(tmp_path):
    pytest.importorskip("sklearn", "1.6", reason="needs scikit-learn 1.6 or later")
    output = tmp_path / "result.json"
    jobs = min(2, machine.processors())
    done = script(
        "grid_search.py",
        *("--synthetic", "--rounds", 1, "--epochs", 1, "--jobs", jobs, "--output", output),
        DIGITNET_NUM_THREADS="",
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(output.read_text())["results"]
    assert [result["jobs"] for result in results] == sorted({1, jobs})
    for result in results:
        assert result["fits"] == 24
        assert result["jobs"] * result["threads"] <= machine.processors()
        assert result["ratio"] > 0


def test_augmentation_is_timed(tmp_path):
    output = tmp_path / "result.json"
    done = script("augmentation.py", "--samples", 200, "--rounds", 1, "--output", output)
    assert done.returncode == 0, done.stderr
    result = json.loads(output.read_text())
    assert set(result["seconds"]) == {
        "nothing", "shift", "affine", "noise", "elastic", "everything", "epoch"
    }  # fmt: skip
    assert all(seconds["all_threads"] > 0 for seconds in result["seconds"].values())
    assert result["samples"] == 200


def test_a_missing_library_is_reported_as_absent():
    absent = {"status": "absent", "why": "torch is not installed", "threads": 1}
    ours = {"status": "ok", "learned": True, "median": 1.0, "accuracy": 0.99, "threads": 1}
    keys = {"workload": "article"}
    rows = report.summarize(
        [{**ours, **keys, "library": "digitnet"}, {**absent, **keys, "library": "pytorch"}], []
    )
    assert [row["status"] for row in rows] == ["ok", "absent"]
    assert "absent: torch is not installed" in report.table(rows)


def test_a_run_that_did_not_learn_has_no_figure():
    run = {"status": "ok", "learned": False, "median": 1.0, "accuracy": 0.1, "threads": 1}
    (row,) = report.summarize([{**run, "workload": "article", "library": "digitnet"}], [])
    assert row["status"] == "did not learn"
    assert "median" not in row


def test_commands_and_messages_lose_their_paths(monkeypatch):
    monkeypatch.delenv("DIGITNET_CPU_ISA", raising=False)
    line = machine.command_line(["/a/b/compare.py", "--python", "/opt/x/bin/python", "--quick"])
    assert line == "python bench/compare.py --python python --quick"
    monkeypatch.setenv("DIGITNET_CPU_ISA", "avx2")
    assert machine.command_line(["a.py"]) == "DIGITNET_CPU_ISA=avx2 python bench/a.py"
    assert machine.without_paths("no file /opt/x/lib.so here") == "no file lib.so here"
