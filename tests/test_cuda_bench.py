"""The benchmarks on a GPU: a tiny comparison is well formed, and without a GPU they say so."""

import json

import pytest

import digitnet
from bench_scripts import script

GPU = next(device for device in digitnet.config.devices() if device.name == "cuda")
needs_gpu = pytest.mark.skipif(not GPU.usable, reason=f"no GPU: {GPU.description}")
needs_none = pytest.mark.skipif(GPU.usable, reason="there is a GPU")


@pytest.mark.gpu
@needs_gpu
def test_a_tiny_comparison_on_the_gpu_names_the_card(tmp_path):
    output = tmp_path / "result.json"
    libraries = ("digitnet", "digitnet_bfloat16")
    done = script(
        "compare.py",
        *("--device", "cuda", "--synthetic", "--rounds", 1, "--output", output),
        *("--libraries", *libraries, "--workloads", "predict-one"),
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(output.read_text())
    assert result["gpus"] == [GPU.description.partition(" (")[0]]
    assert all(run["device"] == "cuda" for run in result["runs"])
    assert [row["library"] for row in result["summary"]] == list(libraries)
    assert all(row["status"] == "ok" for row in result["summary"])
    assert [run["settings"]["precision"] for run in result["runs"]] == ["float32", "bfloat16"]


@pytest.mark.gpu
@needs_gpu
def test_the_gpu_is_held_against_the_processor(tmp_path):
    output = tmp_path / "result.json"
    done = script("gpu_against_cpu.py", "--synthetic", "--rounds", 1, "--output", output)
    assert done.returncode == 0, done.stderr
    points = json.loads(output.read_text())["points"]
    assert {point["curve"] for point in points} == {"batch size", "width"}
    for point in points:
        assert set(point["median"]) == {"cpu", "float32", "tf32", "bfloat16"}
    assert output.with_suffix(".png").stat().st_size > 0


@needs_none
def test_without_a_gpu_one_sentence_says_so():
    done = script("gpu_against_cpu.py")
    assert done.returncode == 1
    assert done.stderr == f"There is no GPU to measure: {GPU.description}.\n"


@needs_none
def test_without_a_gpu_digitnet_is_absent_from_a_comparison_on_it(tmp_path):
    output = tmp_path / "result.json"
    arguments = ("--device", "cuda", "--synthetic", "--rounds", 1, "--output", output)
    done = script("compare.py", *arguments, "--libraries", "digitnet", "--workloads", "article")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(output.read_text())["summary"]
    assert (row["status"], row["why"]) == ("absent", "as installed here it sees no GPU")
