"""Every kind of edgebuild's own can be looked at without its tools."""

import dataclasses
import inspect

import pytest

from edgebuild.kinds import load_kinds, params_schema

KINDS = load_kinds()
OWN = sorted(kind for kind, module in KINDS.modules.items() if module.startswith("edgebuild."))


@pytest.mark.parametrize("kind_id", OWN)
def test_kind_is_documented_and_carries_an_example(kind_id):
    kind = KINDS.get(kind_id)
    module = inspect.getmodule(kind.run)
    assert module.__doc__ and module.__doc__.strip()
    assert callable(getattr(module, "example", None)), f"{kind_id} has no example"
    for field in dataclasses.fields(kind.params):
        assert field.metadata.get("doc"), f"{kind_id}: `{field.name}` is not documented"
    params_schema(kind.params)
    assert kind.produces
    if kind.role == "backend" and (kind.runtime or "model" in kind.consumes):
        assert f"runtime/{kind.runtime}" in KINDS.modules
    if kind.role == "runtime":
        assert kind.evidence


def test_the_general_kinds_are_there():
    assert {
        "source/onnx",
        "source/torch",
        "data/python",
        "training/torch",
        "pass/canonicalise",
        "pass/simplify",
        "pass/embed_preprocessing",
        "pass/to_fp16",
        "backend/onnx",
        "backend/openvino_ir",
        "runtime/reference",
        "runtime/onnxruntime",
        "runtime/onnx_fp16",
        "runtime/openvino",
        "check/contract",
        "check/parity",
        "check/size",
        "check/quality",
        "check/placement",
        "check/numeric",
    } <= set(OWN)


def test_metrics_a_manifest_can_accept_by():
    metrics = KINDS.metrics()
    assert metrics["parity.sqnr_db"].unit == "dB"
    assert metrics["quality.mae"].better == "lower"
    assert metrics["numeric.fp16_overflow"].better == "lower"
