"""A contract that was released is broken only by a version that says so."""

import json

import pytest
import stepcall

from edgebuild.formats import measurements, released
from edgebuild.formats.released import Released
from edgebuild.step import Contract, Tensor
from edgebuild.steps.checks import contract, weights

NOW = Contract(
    inputs={"x": Tensor(shape=(1, 2), color="RGB", mean=(0.5,))},
    outputs={"y": Tensor(shape=(1, 4))},
)
BGR = Contract(inputs={"x": Tensor(shape=(1, 2), color="BGR", mean=(0.5,))}, outputs=NOW.outputs)
MORE = Contract(inputs=NOW.inputs, outputs={})


def measured(tmp_path, record, version="1.1.0", variant="board", quantization=None):
    made = NOW.to_json()
    if quantization:
        made["inputs"][0]["quantization"] = quantization
    (tmp_path / "contract.json").write_text(json.dumps(made))
    inputs = {"contract": tmp_path / "contract.json"}
    if record:
        inputs["released"] = tmp_path / "released.json"
        inputs["released"].write_bytes(released.to_bytes(record))
    out = stepcall.run(
        contract,
        tmp_path / "step",
        inputs,
        contract=NOW,
        source_contract=NOW,
        model={"name": "net", "version": version, "license": "MIT"},
        variant=variant,
    )
    rows, details = measurements.load(out["measurements"])
    found = {row.metric.partition(".")[2]: (row.value, row.detail) for row in rows}
    assert found.pop("mismatches") == (0, "")
    return found, details


def record(model=NOW, version="1.0.0", **variants):
    return Released(
        model="net",
        version=version,
        contract=model.to_json(),
        variants={
            name: made if isinstance(made, dict) else made.to_json()
            for name, made in variants.items()
        },
    )


def test_nothing_was_released(tmp_path):
    found, details = measured(tmp_path, None)
    why = "nothing of this model was released"
    assert found == {"breaking": (0, why), "compatible": (0, why)}
    assert details["released"] is None


def test_a_breaking_change_that_the_version_does_not_announce(tmp_path):
    found, details = measured(tmp_path, record(board=BGR))
    assert found["breaking"] == (
        1,
        "since 1.0.0: input `x` colour order: BGR -> RGB; `version: 2.0.0` would announce it",
    )
    assert details["released"] == {
        "version": "1.0.0",
        "now": "1.1.0",
        "class": "breaking",
        "announced": False,
        "changes": [{"class": "breaking", "text": "input `x` colour order: BGR -> RGB"}],
    }


def test_a_breaking_change_that_is_announced(tmp_path):
    found, details = measured(tmp_path, record(board=BGR), version="2.0.0")
    assert found["breaking"] == (0, "announced, since 1.0.0: input `x` colour order: BGR -> RGB")
    assert details["released"]["announced"] is True


def test_a_compatible_change_needs_a_minor_version(tmp_path):
    found, details = measured(tmp_path, record(board=MORE), version="1.0.1")
    assert found == {
        "breaking": (0, ""),
        "compatible": (1, "since 1.0.0: output `y` is new; `version: 1.1.0` would announce it"),
    }
    assert details["released"]["class"] == "compatible"
    (tmp_path / "again").mkdir()
    found, _ = measured(tmp_path / "again", record(board=MORE), version="1.1.0")
    assert found["compatible"] == (0, "announced, since 1.0.0: output `y` is new")


def test_an_artifact_that_was_not_released_is_held_to_the_models_own_contract(tmp_path):
    found, _ = measured(tmp_path, record(model=BGR, board=NOW), variant="other")
    assert found["breaking"][0] == 1
    (tmp_path / "again").mkdir()
    found, _ = measured(tmp_path / "again", record(model=BGR, board=NOW), variant="board")
    assert found["breaking"] == (0, "")


def test_the_scale_of_a_quantised_input_is_part_of_it(tmp_path):
    before = NOW.to_json()
    before["inputs"][0]["quantization"] = {"bits": 8, "scale": 0.5, "offset": 0}
    found, _ = measured(
        tmp_path, record(board=before), quantization={"bits": 8, "scale": 0.25, "offset": 0}
    )
    assert found["breaking"][1].startswith(
        "since 1.0.0: input `x` quantisation: bits 8, scale 0.5, offset 0 -> bits 8, scale 0.25, offset 0;"
    )


def test_a_version_before_the_released_one(tmp_path):
    found, _ = measured(tmp_path, record(version="1.2.0"), version="1.1.0")
    assert found["breaking"] == (1, "version 1.1.0 is before the released 1.2.0")


# ------------------------------------------------------------------------------ weights


def stale(tmp_path, text):
    inputs = {"trained_weights": tmp_path / "weights.safetensors"}
    inputs["trained_weights"].write_bytes(b"made")
    if text is not None:
        inputs["training_record"] = tmp_path / "training.json"
        inputs["training_record"].write_text(text)
    model = {"name": "net", "version": "1.0.0", "license": "MIT"}
    out = stepcall.run(weights, tmp_path / "step", inputs, model=model)
    ((row,), _) = measurements.load(out["measurements"])
    assert row.metric == "weights.stale"
    return row.value, row.detail


MADE = "e2e3e48d7461f0a5f4e1fe12ccb9ba1f0b5aa2dbd94a9a1d2e5f5e4d5b3d2d1b"


def test_weights_of_the_recorded_training(tmp_path):
    import hashlib

    digest = hashlib.sha256(b"made").hexdigest()
    assert stale(tmp_path, json.dumps({"sha256": digest})) == (0, "")


def test_other_weights_are_stale_and_both_digests_are_named(tmp_path):
    import hashlib

    value, detail = stale(tmp_path, json.dumps({"sha256": MADE}))
    assert value == 1
    assert detail == (
        f"weights.safetensors is {hashlib.sha256(b'made').hexdigest()}, its training gave {MADE}; "
        "`doit train model=net` makes both"
    )


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"sha256": 5}'])
def test_without_a_record_nothing_is_proven(tmp_path, text):
    assert stale(tmp_path, text) == (
        None,
        "no record says which weights the training gave; `doit train model=net` makes both",
    )
