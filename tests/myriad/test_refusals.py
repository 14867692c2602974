"""Models refused before the compiler is started: what it cannot read, and what it misreads."""

import dataclasses

import pytest

from edgebuild.formats import onnx_header
from edgebuild.formats.onnx_header import OnnxNode
from edgebuild.formats.protobuf import field
from edgebuild.myriad import example_model, refusals
from edgebuild.myriad.refusals import MyriadModelError

INT64 = 7  # TensorProto.INT64
FINE = onnx_header.read(example_model.onnx("image", "mask"))
HINT = (
    "hint: put the pass `legalize` into the recipe: it rewrites a model exactly, in opset 13 and"
    " in ops this compiler reads"
)


def node(op, *, constant=False, domain="", inputs=("x", "i"), outputs=("y",), **attributes):
    return OnnxNode(
        name="it",
        op=op,
        domain=domain,
        inputs=inputs,
        outputs=outputs,
        attributes=attributes,
        constant=constant,
    )


def header(*nodes, opset=13, indices=None, shape=None):
    found = dataclasses.replace(FINE, nodes=nodes, opsets={"": opset})
    if shape is not None:
        found = dataclasses.replace(found, shapes={"x": shape})
    if indices is not None:
        data = field(2, INT64) + b"".join(field(7, index % 2**64) for index in indices)
        found = dataclasses.replace(found, tensors={"i": memoryview(data)})
    return found


def reason(found):
    with pytest.raises(MyriadModelError) as caught:
        refusals.check(found)
    (why,) = caught.value.fields.values()
    return why


def test_a_model_the_compiler_reads_passes():
    refusals.check(FINE)


def test_the_whole_text_names_every_node_and_the_remedy():
    found = header(node("HardSwish"), node("Abs"), node("Relu"))
    with pytest.raises(MyriadModelError) as caught:
        refusals.check(found)
    assert str(caught.value) == (
        "error: the Myriad X compiler cannot take 2 nodes of this model\n"
        "  HardSwish `it`  its reader does not know this op\n"
        "  Abs `it`        the chip has no stage for this op\n" + HINT
    )


@pytest.mark.parametrize("opset", [14, 17, 23])
def test_newer_opsets_are_refused(opset):
    with pytest.raises(MyriadModelError) as caught:
        refusals.check(header(node("Relu"), opset=opset))
    assert str(caught.value) == (
        f"error: opset {opset} is newer than the Myriad X compiler reads\n"
        "  newest  opset 13\n"
        "  above   it only warns, and computes something else (ReduceMean, for one)\n" + HINT
    )


def test_inputs_without_a_fixed_shape_are_refused():
    dynamic = dataclasses.replace(FINE.inputs[0], shape=(1, None, 6, None))
    with pytest.raises(MyriadModelError) as caught:
        refusals.check(dataclasses.replace(FINE, inputs=(dynamic,)))
    assert str(caught.value) == (
        "error: input `image` has no fixed shape; Myriad X needs one\n"
        "  shape  1, ?, 6, ?\n"
        "hint: declare the shape in the manifest's `inputs` and put `simplify` into the recipe"
    )
    unknown = dataclasses.replace(FINE.inputs[0], shape=None)
    assert reason(dataclasses.replace(FINE, inputs=(unknown,))) == "unknown"


def test_weights_in_another_file_are_refused():
    with pytest.raises(MyriadModelError, match="keeps weights in another file"):
        refusals.check(dataclasses.replace(FINE, external_data=True))


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (header(node("GreaterOrEqual")), "its reader fails on this op"),
        (header(node("GreaterOrEqual", constant=True)), "its reader fails on this op"),
        (header(node("Einsum", constant=True)), "its reader does not know this op"),
        (header(node("MaxPool", dilations=(2, 2))), "read wrongly: `dilations` are ignored"),
        (
            header(node("MaxPool", outputs=("y", "indices"))),
            "its output `Indices` is not computed",
        ),
        (
            header(node("AveragePool", ceil_mode=1, count_include_pad=1)),
            "read wrongly: `ceil_mode` together with `count_include_pad`",
        ),
        (
            header(node("ConvTranspose", output_shape=(8, 8))),
            "read wrongly: `output_shape`; give `pads` and `output_padding`",
        ),
        (
            header(node("ConvTranspose", auto_pad="SAME_UPPER")),
            "read wrongly: `auto_pad`; give `pads` and `output_padding`",
        ),
        (
            header(node("Gather"), indices=[3, -1]),
            "read wrongly: negative indices (-1) do not count from the end",
        ),
        (
            header(node("GatherElements"), indices=[-2]),
            "read wrongly: negative indices (-2) do not count from the end",
        ),
        (
            header(node("Cast", to=9)),
            "read wrongly: as bool it cuts off fractions, 0.5 becomes false",
        ),
        (
            header(node("Pad", inputs=("x", "pads", ""))),
            "an empty third input makes its reader fail; leave it out or give a value",
        ),
        (header(node("Resize", mode="cubic")), "the chip has no stage for `mode: cubic`"),
        (
            header(node("Resize", mode="linear"), opset=10),
            "read wrongly: opset 10 when it makes smaller",
        ),
        (header(node("RoiAlign")), "read wrongly: other values than ONNX Runtime gives"),
        (
            header(node("Softmax", axis=1), opset=11, shape=(1, 3, 4, 4)),
            "read wrongly in opset 11: over axis 1 alone, not all behind it",
        ),
        (
            header(node("Softmax"), opset=12, shape=(1, 3, 4, 4)),
            "read wrongly in opset 12: over axis 1 alone, not all behind it",
        ),
        (
            header(node("Softmax", axis=3), opset=12),
            "read wrongly in opset 12, unless `axis` is -1: the last one",
        ),
    ],
)
def test_forms_it_misreads_are_refused(found, why):
    assert reason(found) == why


@pytest.mark.parametrize(
    "found",
    [
        header(node("Abs", constant=True)),
        header(node("Abs", domain="com.example")),
        header(node("MaxPool", dilations=(1, 1), outputs=("y", ""))),
        header(node("AveragePool", ceil_mode=1)),
        header(node("ConvTranspose", auto_pad="NOTSET", output_padding=(1, 1))),
        header(node("Gather"), indices=[0, 3]),
        header(node("Gather", inputs=("x", "computed"))),
        header(node("Cast", to=1)),
        header(node("Pad", inputs=("x", "pads"))),
        header(node("Resize", mode="linear"), opset=11),
        header(node("Upsample", mode="nearest"), opset=9),
        header(node("Softmax", axis=1), opset=13),
        header(node("Softmax", axis=1), opset=9),
        header(node("Softmax", axis=-1), opset=11),
        header(node("Softmax", axis=2), opset=11, shape=(1, 4420, 2)),
        header(node("Softmax", axis=1), opset=11, shape=(1, 10, 1, 1)),
    ],
)
def test_forms_it_reads_rightly_pass(found):
    refusals.check(found)
