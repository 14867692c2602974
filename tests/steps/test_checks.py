"""Checks that need no library: contract, size, placement, numeric."""

import json

import stepcall

from edgebuild.formats import contract_file, measurements, placement
from edgebuild.formats.placement import Stage
from edgebuild.step import Contract, Tensor
from edgebuild.steps.checks import contract, numeric, size
from edgebuild.steps.checks import placement as check_placement

PROMISED = Contract(inputs={"x": Tensor(shape=(1, 2))}, outputs={"y": Tensor(shape=(1, 4))})


def measured(module, folder, inputs, **facts):
    rows, details = measurements.load(
        stepcall.run(module, folder / "step", inputs, **facts)["measurements"]
    )
    return {row.metric: row for row in rows}, details


def test_contract_counts_the_differences_and_says_them(tmp_path):
    made = Contract(inputs=PROMISED.inputs, outputs={"y": Tensor(shape=(1, 4), dtype="float16")})
    contract_file.save(tmp_path / "c.json", made)
    rows, details = measured(
        contract,
        tmp_path,
        {"contract": tmp_path / "c.json"},
        contract=PROMISED,
        source_contract=PROMISED,
        model={"name": "net", "version": "1.0.0", "license": "MIT"},
        variant="board",
    )
    row = rows["contract.mismatches"]
    assert row.value == 1
    assert row.evidence == "host"
    assert row.detail == "output `y` has type float16, declared float32"
    assert details["differences"] == [row.detail]
    assert details["found"]["outputs"][0]["dtype"] == "float16"


def test_size_adds_all_files_of_the_artifact(tmp_path):
    inputs = {"artifact.xml": tmp_path / "m.xml", "artifact.bin": tmp_path / "m.bin"}
    inputs["artifact.xml"].write_bytes(bytes(100))
    inputs["artifact.bin"].write_bytes(bytes(2_000_000))
    rows, details = measured(size, tmp_path, inputs)
    assert rows["size.bytes"].value == 2_000_100
    assert details["bytes"] == {"xml": 100, "bin": 2_000_000}


def test_placement_on_a_myriad(tmp_path):
    engines = ["NCE"] * 5 + ["SHAVE"] * 3 + ["DMA"] * 2
    placement.save(
        tmp_path / "p.json", [Stage(name=str(i), op="Op", engine=e) for i, e in enumerate(engines)]
    )
    rows, details = measured(
        check_placement, tmp_path, {"placement": tmp_path / "p.json"}, evidence="host"
    )
    assert {name: row.value for name, row in rows.items()} == {
        "placement.fallback_ops": 0,
        "placement.nce_stages": 5,
        "placement.shave_stages": 3,
        "placement.dma_stages": 2,
        "placement.shave_share": 0.3,
        "placement.mac_share_accelerator": None,
        "placement.mac_share_shave": None,
        "placement.mac_share_fallback": None,
        "placement.ms_share_accelerator": None,
    }
    assert rows["placement.mac_share_shave"].detail == "nothing counts what its layers cost"
    assert details["engines"] == {"NCE": 5, "SHAVE": 3, "DMA": 2}
    assert len(details["stages"]) == 10


def test_placement_with_fallback_elsewhere(tmp_path):
    placement.save(
        tmp_path / "p.json",
        [
            Stage(name="a", op="Conv", engine="HTP"),
            Stage(name="b", op="Einsum", engine="CPU", layer="mix", fallback=True, reason="no 5-D"),
        ],
    )
    rows, _ = measured(
        check_placement, tmp_path, {"placement": tmp_path / "p.json"}, evidence="emulated"
    )
    assert rows["placement.fallback_ops"].value == 1
    assert rows["placement.fallback_ops"].detail == "mix (Einsum): no 5-D"
    assert rows["placement.shave_share"].value is None
    assert rows["placement.shave_share"].detail == "nothing runs on a Myriad X here"


def test_no_stages_are_no_proof_that_nothing_falls_back(tmp_path):
    placement.save(tmp_path / "placement.json", [])
    rows, _ = measured(check_placement, tmp_path, {"placement": tmp_path / "placement.json"})
    row = rows["placement.fallback_ops"]
    assert (row.value, row.detail) == (None, "the compiler names nothing that runs")


def test_numeric_names_the_first_overflow(tmp_path):
    def tensor(name, kind="value", **figures):
        row = {"name": name, "layer": f"make_{name}", "kind": kind, "elements": 100}
        return {**row, "max_abs": 1.0, "overflow": 0, "nan": 0, "subnormal": 0, **figures}

    tensors = [
        tensor("w", "weight", subnormal=90),
        tensor("a", subnormal=1),
        tensor("b", overflow=2, max_abs=70000.0),
        tensor("c", overflow=5, max_abs="inf", nan=3, subnormal=3),
    ]
    (tmp_path / "r.json").write_text(json.dumps({"samples": 4, "tensors": tensors}))
    rows, details = measured(numeric, tmp_path, {"ranges": tmp_path / "r.json"}, evidence="host")
    overflow, small, none = (
        rows[f"numeric.{name}"] for name in ("fp16_overflow", "fp16_subnormal", "nan_count")
    )
    assert (overflow.value, small.value, none.value) == (7, 4 / 300, 3)
    assert overflow.detail == "first in value `b` of `make_b`, largest magnitude 70000"
    assert small.detail == "most in value `c` of `make_c`, 3.00%"
    assert none.detail == "first in value `c` of `make_c`, largest magnitude inf"
    assert details["samples"] == 4
