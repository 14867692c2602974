import math

import numpy as np
import pytest
import stepcall

from edgebuild.formats import dataset, measurements
from edgebuild.steps import agreement
from edgebuild.steps.checks import parity

PER_OUTPUT = [f"parity.{name}" for name in ("sqnr_db", "max_abs", "mean_abs", "cosine")]


def check(folder, expected, actual, weakest=None, isa=None, backend="openvino_ir"):
    ports = {"expected": {"outputs": expected}, "actual": {"outputs": actual}}
    if weakest is not None:
        ports["weakest"] = weakest
    for name, groups in ports.items():
        dataset.save(folder / f"{name}.npz", groups)
    made = stepcall.run(
        parity,
        folder / "step",
        {name: folder / f"{name}.npz" for name in ports},
        evidence="emulated",
        isa=isa,
        backend=backend,
    )["measurements"]
    rows, details = measurements.load(made)
    assert all(row.evidence == "emulated" for row in rows if row.metric in PER_OUTPUT)
    return {(row.output, row.metric.removeprefix("parity.")): row for row in rows}, details


def test_figures_of_each_output(tmp_path):
    wanted = {"a": np.array([[3.0, 4.0], [0.0, 0.0]]), "b": np.array([[1.0], [2.0]])}
    found = {"a": np.array([[3.0, 4.5], [0.0, 0.0]]), "b": wanted["b"]}
    rows, details = check(tmp_path, wanted, found)
    assert rows["a", "sqnr_db"].value == pytest.approx(10 * math.log10(25 / 0.25))
    assert rows["a", "max_abs"].value == 0.5
    assert rows["a", "mean_abs"].value == 0.125
    assert rows["a", "cosine"].value == pytest.approx((9 + 18) / (5 * math.hypot(3, 4.5)))
    assert rows["b", "sqnr_db"].value == math.inf
    assert details["outputs"]["b"]["sqnr_db_by_sample"] == ["inf", "inf"]


def test_an_output_that_is_not_there_or_of_another_shape_is_not_measured(tmp_path):
    wanted = {"a": np.ones((2, 3)), "b": np.ones((2, 3))}
    rows, _ = check(tmp_path, wanted, {"b": np.ones((2, 4))})
    assert rows["a", "sqnr_db"].value is None
    assert rows["a", "sqnr_db"].detail == "the artifact has no such output"
    assert rows["b", "max_abs"].value is None
    assert rows["b", "max_abs"].detail == "shape [2, 4] instead of [2, 3]"


def test_values_that_are_not_finite_are_infinitely_wrong(tmp_path):
    rows, _ = check(tmp_path, {"a": np.ones((2, 3))}, {"a": np.array([[1, 1, np.nan]] * 2)})
    assert rows["a", "sqnr_db"].value == -math.inf
    assert rows["a", "max_abs"].value == math.inf
    assert rows["a", "sqnr_db"].detail == "2 of 6 values are not finite"
    (tmp_path / "b").mkdir()
    rows, _ = check(tmp_path / "b", {"a": np.full((2, 1), np.inf)}, {"a": np.ones((2, 1))})
    assert rows["a", "sqnr_db"].value is None
    assert rows["a", "sqnr_db"].detail == "2 of the source's 2 values are not finite"


def test_silence_against_noise_and_silence():
    assert agreement.sqnr(np.zeros(3), np.ones(3)) == -math.inf
    assert agreement.sqnr(np.zeros(3), np.zeros(3)) == math.inf
    assert agreement.cosine(np.zeros(3), np.ones(3)) == 0
    assert agreement.cosine(np.zeros(3), np.zeros(3)) == 1


def test_answers_at_the_weakest_instruction_set(tmp_path):
    wanted = {"a": np.array([[3.0, 4.0]]), "b": np.array([[1.0]])}
    weakest = {"outputs": {"a": np.array([[3.0, 4.5]]), "b": wanted["b"]}}
    rows, _ = check(tmp_path, wanted, wanted, weakest, isa="AVX2")
    assert rows["a", "sqnr_db"].value == math.inf
    assert rows["a", "isa_sqnr_db"].value == pytest.approx(20.0)
    assert rows["a", "isa_sqnr_db"].detail == "with AVX2"
    assert rows["a", "isa_sqnr_db"].evidence == "host"
    assert rows["b", "isa_sqnr_db"].value == math.inf
    (tmp_path / "mlas").mkdir()
    weakest["not_held"] = {"layers": np.array([2])}
    rows, _ = check(tmp_path / "mlas", wanted, wanted, weakest, isa="AVX2")
    assert rows["a", "isa_sqnr_db"].detail == "with AVX2, but for 2 layers that MLAS computes"


def test_why_nothing_is_known_of_the_weakest_instruction_set(tmp_path):
    ones = {"a": np.ones((1, 2))}

    def why(name, **more):
        (tmp_path / name).mkdir()
        rows, _ = check(tmp_path / name, ones, ones, **more)
        assert rows["", "isa_sqnr_db"].value is None
        return rows["", "isa_sqnr_db"].detail

    lacking = {"unproven": {"reason": np.array(["this machine lacks avx2"])}}
    assert why("undeclared", weakest={"outputs": ones}) == "the target declares no `isa`"
    assert why("weak", weakest=lacking, isa="AVX2") == "this machine lacks avx2"
    assert why("other", isa="AVX2", backend="onnx") == (
        "what runs artifacts of `onnx` cannot be held to an instruction set"
    )
