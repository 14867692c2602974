"""The pass as a build runs it: any network in, one that the compiler reads out, or all reasons."""

import onnx
import pytest
import stepcall

from edgebuild.formats import onnx_file
from edgebuild.rewrites.example import Example
from edgebuild.rewrites.refused import LegalizeError
from edgebuild.steps.passes import legalize

# A small net as exporters write them: opset 18, an op of each of several kinds that must go.
MODERN = Example(
    opset=18,
    weights=("w", "s", "b"),
    graph="""g (float[1,3,8,8] image, float[6,3,3,3] w, float[6] s, float[6] b)
        => (float[1,64,6] tokens, float[1,6] mean) <int64[2] space = {2, 3}> {
        conv = Conv<pads = [1, 1, 1, 1]>(image, w)
        act = HardSwish(conv)
        last = Transpose<perm = [0, 2, 3, 1]>(act)
        flat = Constant<value = int64[3] {0, -1, 6}>()
        rows = Reshape(last, flat)
        tokens = LayerNormalization(rows, s, b)
        big = Abs(act)
        mean = ReduceMean<keepdims = 0>(big, space)
    }""",
)


def run(folder, model):
    onnx_file.save(model, folder / "in.onnx")
    return stepcall.run(legalize, folder / "step", {"model": folder / "in.onnx"})["model"]


def test_a_modern_net_comes_out_in_opset_13_with_the_same_interface(tmp_path, capsys):
    made = onnx_file.load(run(tmp_path, MODERN.model()))
    assert [(o.domain, o.version) for o in made.opset_import] == [("", 13)]
    assert made.ir_version == 7
    assert {n.op_type for n in made.graph.node} == {
        *("Add", "Clip", "Conv", "InstanceNormalization", "Max", "Mul", "Neg", "ReduceMean"),
        *("Reshape", "Transpose"),
    }
    assert [value.name for value in made.graph.input] == ["image"]
    assert [value.name for value in made.graph.output] == ["tokens", "mean"]
    assert capsys.readouterr().out.splitlines() == [
        "HardSwish `HardSwish_act`: opset 18 to 13, hard_swish",
        "LayerNormalization `LayerNormalization_tokens`: opset 18 to 13, layer_normalization",
        "ReduceMean `ReduceMean_mean`: opset 18 to 13",
        "Abs `Abs_big`: abs",
    ]


def test_shapes_of_all_values_are_written(tmp_path):
    made = onnx_file.load(run(tmp_path, MODERN.model()))
    typed = {v.name for v in (*made.graph.value_info, *made.graph.output)}
    assert {name for node in made.graph.node for name in node.output} <= typed


def test_equal_bytes_every_time_and_nothing_more_to_do_the_second_time(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    first = run(tmp_path / "a", MODERN.model())
    assert first.read_bytes() == run(tmp_path / "b", MODERN.model()).read_bytes()
    again = run(tmp_path / "c", onnx_file.load(first))
    assert first.read_bytes() == again.read_bytes()


def test_all_that_cannot_be_read_is_told_at_once(tmp_path):
    model = Example(
        graph="""g (float[1,4,6,6] x) => (float[1,4,6,6] y, float[1,4,5,5] pooled) {
            wave = Sin(x)
            y = Mod<fmod = 1>(wave, x)
            pooled = MaxPool<kernel_shape = [2, 2], dilations = [1, 1]>(x)
            other = Cos(x)
        }"""
    ).model()
    pool = model.graph.node[2]
    next(a for a in pool.attribute if a.name == "dilations").ints[:] = [3, 3]
    del model.graph.output[1].type.tensor_type.shape.dim[2:]
    for _ in range(2):
        model.graph.output[1].type.tensor_type.shape.dim.add(dim_value=3)
    with pytest.raises(LegalizeError) as error:
        run(tmp_path, model)
    no_layer = "the compiler has no layer for it, and it has no exact form in ops that it has"
    assert str(error.value) == (
        "error: the MyriadX compiler cannot read this model\n"
        f"  Sin `Sin_wave`: {no_layer}\n"
        f"  Mod `Mod_y`: {no_layer}\n"
        "  MaxPool `MaxPool_pooled`: its dilations are dropped by the reader without a word\n"
        "hint: change the network, or leave the part out of the model"
    )


def test_open_shapes_are_refused(tmp_path):
    model = Example(graph="g (float[N,4] x) => (float[N,4] y) { y = Relu(x) }").model()
    with pytest.raises(LegalizeError, match="input `x`: its shape is open"):
        run(tmp_path, model)


def test_control_flow_and_other_domains_are_refused():
    from edgebuild.rewrites import legal

    model = Example(
        graph="""g (float[2] x, bool c) => (float[2] y) {
            y = If(c) <then_branch = a () => (float[2] p) { p = Relu(x) },
                       else_branch = b () => (float[2] q) { q = Neg(x) }>
        }"""
    ).model()
    model.graph.node.add(op_type="Fancy", domain="com.example", name="own", output=["z"])
    with pytest.raises(LegalizeError) as error:
        legal.legalize(model)
    assert [(r.op, r.why) for r in error.value.refusals] == [
        ("If", "control flow is not handled"),
        ("Fancy", "its domain `com.example` is not ONNX"),
    ]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{ y = NonZero(x) }", "the shape of what it makes is not known before"),
        ("{ d = Cast<to = 11>(x) e = Exp(d) y = Cast<to = 1>(e) }", "does not convert to double"),
        ("{ y = ReduceProd(x) }", "no layer for it"),
        (
            "<float s = {0.1}, uint8 z = {3}> { q = QuantizeLinear(x, s, z) "
            "y = DequantizeLinear(q, s, z) }",
            "float models only",
        ),
        ("{ i = ArgMax<axis = 0>(x) y = Gather<axis = 1>(x, i) }", "half floats hold integers"),
    ],
)
def test_refused_by_name(body, why):
    from edgebuild.rewrites import legal

    model = Example(graph=f"g (float[4,3000] x) => (float y) {body}").model()
    model.graph.output[0].type.Clear()
    model = onnx.shape_inference.infer_shapes(model)
    with pytest.raises(LegalizeError) as error:
        legal.legalize(model)
    assert why in str(error.value)


def test_an_input_that_nothing_reads_is_refused():
    from edgebuild.rewrites import legal

    graph = "g (float[2] x, float[2] spare) => (float[2] y) { y = Relu(x) }"
    with pytest.raises(LegalizeError, match="input `spare`: nothing depends on it"):
        legal.legalize(Example(graph=graph).model())


def test_an_output_that_no_node_makes_is_refused():
    from edgebuild.rewrites import legal

    outputs = "float[2] y, float[2] k, float[2] x"
    graph = f"g (float[2] x) => ({outputs}) <float[2] k = {{1, 2}}> {{ y = Add(x, k) }}"
    with pytest.raises(LegalizeError) as error:
        legal.legalize(Example(graph=graph).model())
    assert str(error.value) == (
        "error: the MyriadX compiler cannot read this model\n"
        "  output `k`: it is a constant\n"
        "  output `x`: it is an input\n"
        "hint: leave the output out of the network"
    )


def test_outputs_of_a_node_of_several_get_a_node_each(tmp_path):
    """The compiler would name what Split makes otherwise, and the blob be another network."""
    graph = """g (float[1,4] x) => (float[1,2] a, float[1,2] y) {
        a, b = Split<axis = 1>(x)
        y = Add(a, b)
    }"""
    made = onnx_file.load(run(tmp_path, Example(graph=graph).model()))
    makers = {name: node.op_type for node in made.graph.node for name in node.output}
    assert (makers["a"], makers["y"]) == ("Identity", "Add")


def test_an_output_without_dimensions_is_refused(tmp_path):
    graph = "g (float[1,4] x) => (float y) { y = ReduceMax<keepdims = 0>(x) }"
    with pytest.raises(LegalizeError) as error:
        run(tmp_path, Example(graph=graph).model())
    assert str(error.value) == (
        "error: the MyriadX compiler cannot read this model\n"
        "  output `y`: it has no dimensions, and the compiler gives it one\n"
        "hint: keep a dimension (`keepdims`), or reshape the output to one"
    )
