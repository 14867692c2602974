"""Every rewrite on its own examples: proven equal, read by the checks, compiled where possible."""

import os
from pathlib import Path

import onnx
import pytest

from edgebuild.formats import blob, onnx_file
from edgebuild.myriad import compile as myriad_compile
from edgebuild.rewrites import equal, forms, legal, myriad
from edgebuild.rewrites.graph import Graph

TOOLS = os.environ.get("EDGEBUILD_TOOLS_MYRIAD", "")
EXAMPLES = {
    f"{rewrite.name}.{name}": (rewrite, example)
    for rewrite in forms.rewrites()
    for name, example in rewrite.examples.items()
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_computes_the_same(name):
    rewrite, example = EXAMPLES[name]
    model = example.model()
    onnx.checker.check_model(model, full_check=True)
    made, applied = legal.legalize(model)
    assert equal.prove(model, made, applied, tolerance=example.tolerance) <= example.tolerance
    left = {node.op_type for node in made.graph.node}
    assert left <= myriad.READ
    done = {item.op for item in applied} | {item.rewrite for item in applied}
    assert done & {rewrite.name, *rewrite.ops}, "the example does not need the rewrite"


def test_every_rewrite_has_examples_and_a_manual():
    for rewrite in forms.rewrites():
        assert rewrite.examples, rewrite.name
        module = __import__(rewrite.function.__module__, fromlist=["rewrite"])
        assert module.__doc__ and rewrite.function.__doc__, rewrite.name


@pytest.mark.skipif(not TOOLS, reason="EDGEBUILD_TOOLS_MYRIAD names no folder of the compiler")
@pytest.mark.parametrize("name", EXAMPLES)
def test_example_compiles(name, tmp_path):
    made, _ = legal.legalize(EXAMPLES[name][1].model())
    onnx_file.save(made, tmp_path / "model.onnx")
    compiled = myriad_compile.compile_model(
        tmp_path / "model.onnx",
        tools=Path(TOOLS),
        folder=tmp_path,
        inputs={value.name: "FP16" for value in Graph(made).inputs},
        shaves=4,
        slices=4,
        timeout_s=120,
    )
    found = blob.read(compiled.blob)
    shapes = sorted(_long(v.type.tensor_type.shape) for v in made.graph.output)
    assert sorted([d for d in t.shape if d != 1] for t in found.outputs) == shapes


def _long(shape):
    return [d.dim_value for d in shape.dim if d.dim_value != 1]
