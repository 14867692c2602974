"""The rules between two versions of an op, held against the definitions that ONNX itself has."""

import numpy as np
import onnx
import pytest
from onnx import defs, helper, numpy_helper

from edgebuild.rewrites import evaluate, legal, opsets
from edgebuild.rewrites.example import Example
from edgebuild.rewrites.refused import LegalizeError
from edgebuild.rewrites.versions import added, table, widened

HISTORY = {}
for _schema in defs.get_all_schemas_with_history():
    if not _schema.domain:
        HISTORY.setdefault(_schema.name, {})[_schema.since_version] = _schema


def parameters(schema):
    return {a.name: (a.type, a.required, str(a.default_value)) for a in schema.attributes.values()}


def operands(schema):
    inputs = [i.option for i in schema.inputs]
    return inputs, len(schema.outputs), schema.min_input, schema.max_input


def neighbours(op, boundary):
    versions = sorted(HISTORY[op])
    assert boundary in versions, f"{op} did not change with opset {boundary}"
    return HISTORY[op][versions[versions.index(boundary) - 1]], HISTORY[op][boundary]


@pytest.mark.parametrize("op", widened.WIDENED)
def test_what_counts_as_widened_has_the_same_signature(op):
    for boundary in widened.WIDENED[op]:
        old, new = neighbours(op, boundary)
        assert parameters(old) == parameters(new)
        assert operands(old) == operands(new)


@pytest.mark.parametrize(("op", "boundary"), added.ADDED)
def test_what_counts_as_added_is_all_that_was_added(op, boundary):
    old, new = (parameters(schema) for schema in neighbours(op, boundary))
    assert {*new} - {*old} == {*added.ADDED[op, boundary]}
    assert {*old} <= {*new}


def test_every_boundary_has_a_rule_or_is_a_known_gap():
    """A new ONNX that changes an op must not slip through; a gap is refused by name."""
    gaps = set()
    for op, versions in HISTORY.items():
        for boundary in sorted(versions)[1:]:
            if table.OLDEST < boundary <= table.NEWEST and (op, boundary) not in table.rules():
                gaps.add(op)
    assert gaps == {
        *("Attention", "Bernoulli", "Constant", "DFT", "GroupNormalization", "If", "Loop"),
        *("Multinomial", "NegativeLogLikelihoodLoss", "OptionalGetElement"),
        *("OptionalHasElement", "RandomNormal", "RandomNormalLike", "RandomUniform"),
        *("RandomUniformLike", "Scan", "SoftmaxCrossEntropyLoss", "SplitToSequence"),
    }


def test_an_op_without_a_rule_is_refused_by_name():
    example = Example(
        opset=18,
        graph="""g (float[2,4] x) => (float[2,4] y) <int64 n = {4}> {
            z = Mul(x, x)
            y = Bernoulli(z)
        }""",
    )
    with pytest.raises(LegalizeError) as error:
        legal.change_opset(example.model(), 22)
    assert str(error.value) == (
        "error: this model cannot be brought to opset 22\n"
        "  Bernoulli `Bernoulli_y`: its definition changed with opset 22, and no rule carries it"
        " over\nhint: change the network, or leave the part out of the model"
    )


# op, opset, body, target: what exporters really write, there and back
CARRIED = {
    "reduce_axes_down": (18, "<int64[1] a = {2}> { y = ReduceMean<keepdims = 1>(x, a) }", 13),
    "reduce_axes_up": (13, "{ y = ReduceMax<axes = [1, -1]>(x) }", 18),
    "reduce_noop": (18, "{ y = ReduceMean<noop_with_empty_axes = 1>(x) }", 13),
    "reduce_sum": (11, "{ y = ReduceSum<axes = [1], keepdims = 0>(x) }", 13),
    "split_sizes": (11, "{ a, b = Split<axis = 1, split = [1, 3]>(x) y = Relu(b) }", 18),
    "split_uneven": (18, "{ a, b = Split<axis = 3, num_outputs = 2>(x) y = Relu(b) }", 13),
    "pad_attributes": (8, "{ y = Pad<pads = [0,0,1,0,0,0,0,2], value = 1.5>(x) }", 13),
    "pad_axes": (18, "<int64[2] p = {1, 2}, int64[1] a = {-1}> { y = Pad(x, p, , a) }", 13),
    "clip_attributes": (7, "{ y = Clip<min = -0.5>(x) }", 13),
    "clip_down": (13, "<float low = {-0.5}, float high = {0.5}> { y = Clip(x, low, high) }", 7),
    "slice_attributes": (9, "{ y = Slice<axes = [2], starts = [1], ends = [-1]>(x) }", 13),
    "squeeze": (9, "{ z = ReduceMax<axes = [1]>(x) y = Squeeze<axes = [1]>(z) }", 21),
    "unsqueeze_down": (13, "<int64[1] a = {0}> { y = Unsqueeze(x, a) }", 9),
    "dropout": (7, "{ z = Dropout<ratio = 0.3>(x) y = Neg(z) }", 22),
    "softmax_flattened": (11, "{ y = Softmax<axis = 1>(x) }", 13),
    "softmax_axis_down": (13, "{ y = LogSoftmax<axis = 1>(x) }", 9),
    "upsample": (8, '{ y = Upsample<scales = [1.0,1.0,2.0,2.0], mode = "linear">(x) }', 13),
    "upsample_input": (9, "<float[4] s = {1,1,2,3}> { y = Upsample(x, s) }", 19),
    "resize_10_up": (10, "<float[4] s = {1,1,2,1.5}> { y = Resize(x, s) }", 13),
    "resize_10_down": (10, "<float[4] s = {1,1,0.6,0.5}> { y = Resize(x, s) }", 13),
    "resize_10_linear": (
        10,
        '<float[4] s = {1,1,0.6,2}> { y = Resize<mode = "linear">(x, s) }',
        18,
    ),
    "resize_keep_aspect": (
        18,
        '<int64[2] s = {9, 7}> { y = Resize<axes = [2, 3], mode = "linear", '
        'keep_aspect_ratio_policy = "not_larger">(x, , , s) }',
        11,
    ),
    "top_k": (9, "{ y, i = TopK<k = 2>(x) }", 13),
    "shape_part": (15, "{ s = Shape<start = 1>(x) t = Cast<to = 1>(s) y = Mul(t, t) }", 13),
    "allowzero": (14, "<int64[2] s = {4, -1}> { y = Reshape<allowzero = 1>(x, s) }", 13),
    "newer_than_13": (20, "{ a = Gelu(x) b = HardSwish(a) y = Mish(b) }", 9),
}


@pytest.mark.parametrize("name", CARRIED)
def test_carried_over_and_the_same(name):
    opset, body, target = CARRIED[name]
    model = Example(opset=opset, graph=f"g (float[1,4,6,5] x) => (float y) {body}").model()
    model.graph.output[0].type.tensor_type.ClearField("shape")
    made, applied = legal.change_opset(model, target)  # proves itself, or raises
    assert [(o.domain, o.version) for o in made.opset_import] == [("", target)]
    assert applied or opset == 15  # shapes are folded before any rule is needed


def test_a_value_the_older_definition_lacks_is_refused():
    with pytest.raises(LegalizeError, match="the older definition has no `dilations` "):
        legal.change_opset(
            Example(
                opset=19,
                graph="""g (float[1,2,8,8] x) => (float[1,2,6,6] y) {
                    y = AveragePool<kernel_shape = [2, 2], dilations = [2, 2]>(x)
                }""",
            ).model(),
            13,
        )


def test_types_the_older_definition_lacks_are_refused():
    graph = "g (int8[2] a, int8[2] b) => (int8[2] y) { y = Add(a, b) }"
    with pytest.raises(LegalizeError, match=r"Add of opset 13 does not take tensor\(int8\)"):
        legal.change_opset(Example(opset=14, graph=graph).model(), 13)


def test_a_parameter_computed_at_run_time_is_refused_where_it_must_be_an_attribute():
    graph = """g (float[1,4] x, int64[1] a) => (float[1,1] y) {
        y = ReduceMean<keepdims = 1>(x, a)
    }"""
    model = Example(opset=18, graph=graph).model()
    with pytest.raises(LegalizeError, match="`axes` is computed while the model runs"):
        legal.change_opset(model, 13)


def test_a_newer_opset_than_the_rules_is_refused():
    graph = "g (float[2] x) => (float[2] y) { y = Relu(x) }"
    assert opsets.version("Relu", table.NEWEST) == 14
    with pytest.raises(LegalizeError, match="is newer than the rules"):
        legal.change_opset(Example(opset=table.NEWEST + 1, graph=graph).model(), 13)


def test_constant_nodes_and_shape_arithmetic_become_constants():
    graph = """g (float[1,4,6,5] x) => (float[4,30] y) {
        shape = Shape(x)
        one = Constant<value = int64[1] {1}>()
        channels = Gather(shape, one)
        minus = Constant<value_ints = [-1]>()
        target = Concat<axis = 0>(channels, minus)
        y = Reshape(x, target)
    }"""
    made, _ = legal.change_opset(Example(graph=graph).model(), 15)
    assert [node.op_type for node in made.graph.node] == ["Reshape"]
    (constant,) = made.graph.initializer
    assert numpy_helper.to_array(constant).tolist() == [4, -1]


def test_an_initializer_that_is_also_an_input_is_a_constant():
    weight = numpy_helper.from_array(np.float32([2, 3]), "w")
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "w"], ["y"])],
        "main",
        [helper.make_tensor_value_info(n, 1, [2]) for n in ("x", "w")],
        [helper.make_tensor_value_info("y", 1, [2])],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 8)], ir_version=3)
    made, _ = legal.legalize(model)
    assert [value.name for value in made.graph.input] == ["x"]
    (value,) = evaluate.run(made, {"x": np.float32([1, 1])})
    assert value.tolist() == [2, 3]
    assert isinstance(made, onnx.ModelProto)
