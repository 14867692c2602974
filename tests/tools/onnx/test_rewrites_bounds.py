"""Bounds of values, and the grid sampling that depends on them."""

import numpy as np
import pytest

from edgebuild.rewrites import fold, intervals, legal
from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import Graph
from edgebuild.rewrites.refused import LegalizeError


def bounds(body):
    model = Example(graph=f"g (float[1,2] x) => (float[1,2] y) {body}").model()
    graph = Graph(model)
    fold.fold(graph)
    low, high = intervals.bounds(graph, "y")
    return low.min(), high.max()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{ y = Tanh(x) }", (-1, 1)),
        ("<float k = {-3}> { t = Tanh(x) y = Mul(t, k) }", (-3, 3)),
        ("<float k = {4}> { t = Sigmoid(x) y = Div(t, k) }", (0, 0.25)),
        ("<float a = {0}, float b = {6}> { y = Clip(x, a, b) }", (0, 6)),
        ("<float[1,2] k = {1, 5}> { t = Tanh(x) y = Sub(k, t) }", (0, 6)),
        ("{ t = Tanh(x) r = Relu(t) y = Neg(r) }", (-1, 0)),
        ("<float k = {2}> { a = Softmax(x) b = Mul(a, k) y = Exp(b) }", (1, np.exp(2))),
        ("<float k = {0.5}> { a = Tanh(x) y = Max(a, k) }", (0.5, 1)),
        ("{ a = Tanh(x) b = Sigmoid(x) y = Mul(a, b) }", (-1, 1)),
        ("{ y = Relu(x) }", (0, np.inf)),
        ("<float z = {0}> { y = Mul(x, z) }", (0, 0)),
        ("{ t = Tanh(x) y = Div(x, t) }", (-np.inf, np.inf)),
    ],
)
def test_bounds_hold_for_all_inputs(body, expected):
    assert bounds(body) == pytest.approx(expected, rel=1e-6)


def test_elements_keep_their_own_bounds_through_moves():
    graph = Graph(
        Example(
            graph="""g (float[1,2] x) => (float[3,1] y) <float[1,1] big = {7}> {
                t = Tanh(x)
                wide = Concat<axis = 1>(t, big)
                y = Transpose<perm = [1, 0]>(wide)
            }"""
        ).model()
    )
    fold.fold(graph)
    low, high = intervals.bounds(graph, "y")
    assert low.tolist() == [[-1], [-1], [7]] and high.tolist() == [[1], [1], [7]]


GRID = """g (float[1,2,16,16] x, float[1,2,16,16] flow) => (float[1,2,16,16] y)
    <float limit = {LIMIT}> {
    curve = BOUND(flow)
    near = Mul(curve, limit)
    last = Transpose<perm = [0, 2, 3, 1]>(near)
    theta = Constant<value = float[1,2,3] {1, 0, 0, 0, 1, 0}>()
    size = Constant<value = int64[4] {1, 2, 16, 16}>()
    base = AffineGrid<align_corners = 1>(theta, size)
    grid = Add(base, last)
    y = GridSample<align_corners = 1, mode = "linear">(x, grid)
}"""


def grid(limit, bound):
    text = GRID.replace("LIMIT", str(limit)).replace("BOUND", bound)
    return Example(opset=20, graph=text).model()


def test_a_bounded_grid_becomes_convolutions():
    made, applied = legal.legalize(grid(0.3, "Tanh"))  # 0.3 of 7.5 pixels: 3 each way
    assert "GridSample" in {item.op for item in applied}
    assert {n.op_type for n in made.graph.node} <= {
        *["Conv", "Mul", "Pad", "Relu", "Tanh", "Transpose"]
    }
    stack = next(n for n in made.graph.node if any(a.name == "group" for a in n.attribute))
    kernels = next(t for t in made.graph.initializer if t.name == stack.input[1])
    assert list(kernels.dims) == [2 * 7 * 7, 1, 7, 7]


def test_the_constant_part_of_the_grid_never_meets_half_floats():
    """No value but the image is larger than the furthest shift, in pixels."""
    made, _ = legal.legalize(grid(0.3, "Tanh"))
    for tensor in made.graph.initializer:
        values = np.frombuffer(tensor.raw_data, np.float32) if tensor.data_type == 1 else [0]
        assert np.abs(values).max() <= 7.5


def test_an_unbounded_grid_is_refused_with_the_reason():
    with pytest.raises(LegalizeError) as error:
        legal.legalize(grid(0.3, "Neg"))
    assert str(error.value) == (
        "error: the MyriadX compiler cannot read this model\n"
        "  GridSample `GridSample_y`: nothing bounds its grid\n"
        "hint: bound the flow, such as `limit * tanh(flow)`, and add it to a constant identity grid"
    )


def test_a_grid_that_reaches_too_far_is_refused_with_its_bound():
    with pytest.raises(LegalizeError) as error:
        legal.legalize(grid(3, "Tanh"))
    assert (
        "its grid reaches 23 left, 23 right, 23 up, 23 down pixels, which needs 4418 shifted "
        "channels (4096 at most)" in str(error.value)
    )
