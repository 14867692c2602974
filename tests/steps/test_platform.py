"""Kinds whose bytes come out of the CPU's arithmetic have the CPU in their keys."""

import pytest

from edgebuild.engine import world
from edgebuild.kinds import load_kinds

KINDS = load_kinds()
# Modules that compute with what a network or a project gives them.
COMPUTE = {
    *("edgebuild.rewrites.fold", "edgebuild.steps.user_code", "edgebuild.myriad.compile"),
    *("edgebuild.qnn.compile", "edgebuild.qnn.emulator"),
    *(f"edgebuild.formats.{name}_run" for name in ("onnx", "ir", "tflite", "ncnn")),
}
# These only see whether the library opens a file, and what it says of its inputs and outputs.
OPEN = {
    *("backend/given_ir", "backend/given_onnx", "backend/given_tflite", "backend/onnx"),
    *("pass/to_fp16", "source/openvino_ir", "source/tflite"),
}


@pytest.mark.parametrize("kind", sorted(KINDS.modules))
def test_what_computes_depends_on_the_cpu(kind):
    code = {name for name, _ in world._closure(KINDS.module(kind))}
    if not code & COMPUTE or kind in OPEN or not KINDS.module(kind).startswith("edgebuild."):
        return
    assert {"isa", "cpu"} & set(KINDS.get(kind).platform), sorted(code & COMPUTE)
