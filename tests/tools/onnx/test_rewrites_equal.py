"""The proof itself: what it lets pass, what it stops, and whom it blames."""

import numpy as np
import pytest
from onnx import helper, numpy_helper

from edgebuild.formats.onnx_file import OnnxError
from edgebuild.rewrites import equal, fold, forms
from edgebuild.rewrites.example import Example
from edgebuild.rewrites.forms import Applied
from edgebuild.rewrites.graph import Graph

GRAPH = """g (float[1,4] x) => (float[1,4] y) {
    a = Abs(x)
    b = Relu(a)
    y = Exp(b)
}"""


def test_the_first_rewrite_that_differs_is_named():
    before = Example(graph=GRAPH).model()
    after = Example(graph=GRAPH).model()
    wrong = numpy_helper.from_array(np.float32(1.001), "wrong")
    after.graph.initializer.append(wrong)
    after.graph.node[1].CopyFrom(helper.make_node("Mul", ["a", "wrong"], ["b"]))
    applied = [
        Applied(rewrite="abs", op="Abs", node="first", outputs=("a",)),
        Applied(rewrite="clumsy", op="Relu", node="second", outputs=("b",)),
        Applied(rewrite="late", op="Exp", node="third", outputs=("y",)),
    ]
    with pytest.raises(equal.NotEqualError) as error:
        equal.prove(before, after, applied)
    lines = str(error.value).splitlines()
    assert lines[0] == "error: the rewritten model computes something else (output `y`)"
    assert lines[1].startswith("  difference   ")
    assert lines[2:] == [
        "  first value  b",
        "  rewrite      clumsy, on Relu `second`",
        "hint: this is a fault of edgebuild: report it with the model",
    ]


def test_rounding_that_the_network_makes_much_of_is_allowed():
    """exp(10 x) makes eighty times as much of the last bits of x, or of a factor."""
    graph = "g (float[256] x) => (float[256] y) <float a = {%s}, float b = {%s}> { %s y = Exp(t) }"
    one = graph % ("10", "1", "t = Mul(x, a)")
    two = graph % ("0.7", "14.285714", "s = Mul(x, a) t = Mul(s, b)")
    before, after = (Example(graph=text).model() for text in (one, two))
    assert 1e-6 < equal.prove(before, after, tolerance=1e-7) < 1e-5


def test_what_is_never_finite_proves_nothing():
    model = Example(
        graph="""g (float[1,4] x) => (float[1,4] y) <float k = {-9}> {
            a = Abs(x)
            b = Sub(k, a)
            y = Log(b)
        }"""
    ).model()
    with pytest.raises(equal.NotEqualError, match="nothing could be shown about output `y`"):
        equal.prove(model, model)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.0, -4.0], [1.0, -4.4], 0.1),
        ([np.nan, 1.0], [np.nan, 1.0], 0.0),
        ([np.nan, 1.0], [0.0, 1.0], np.inf),
        ([np.inf, 1.0], [-np.inf, 1.0], np.inf),
        ([0.0, 0.0], [0.0, 1e-9], np.inf),
        ([1.0], [1.0, 1.0], np.inf),
    ],
)
def test_difference(old, new, expected):
    assert equal.difference(np.array(old), np.array(new)) == pytest.approx(expected)


def test_a_rewrite_that_feeds_itself_is_a_bug_that_shows(monkeypatch):
    def again(node, graph):
        build = graph.replace(node)
        build.add("Abs", node.input[0], out=node.output[0])
        return build.nodes

    endless = forms.Rewrite(name="endless", ops=("Abs",), function=again, examples={})
    monkeypatch.setattr(forms, "rewrites", lambda: (endless,))
    graph = Graph(Example(graph=GRAPH).model())
    fold.fold(graph)
    with pytest.raises(AssertionError, match="endless"):
        forms.apply(graph, [])


def test_of_an_output_without_elements_there_is_nothing_to_show():
    graph = """g (float[1,4] x) => (float[0,4] y) <int64[1] none = {0}> {
        y = Slice(x, none, none)
    }"""
    assert equal.prove(Example(graph=graph).model(), Example(graph=graph).model()) == 0


def test_what_cannot_be_run_is_told_with_the_reason():
    graph = "g (float[4] x) => (float[4] y) { a = Cast<to = 5>(x) b = Relu(a) y = Cast<to = 1>(b) }"
    model = Example(graph=graph, opset=14).model()
    with pytest.raises(OnnxError) as error:
        equal.prove(model, model)
    assert error.value.message == (
        "ONNX Runtime cannot run the model, so nothing can be shown about what a rewrite does"
    )
    assert "Could not find an implementation for Relu(14)" in error.value.fields["reason"]
