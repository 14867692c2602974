"""Einsum of one or two values as Transpose, ReduceSum, Reshape, MatMul: the reader lacks the op."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import Builder, attribute
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Einsum",)
EXAMPLES = {
    "channels": Example(
        weights=("w",),
        graph="""g (float[1,4,6,5] x, float[4,3] w) => (float[1,3,6,5] y) {
            y = Einsum<equation = "nchw,cd->ndhw">(x, w)
        }""",
    ),
    "attention": Example(
        graph="""g (float[1,6,2,4] q, float[1,5,2,4] k) => (float[1,2,6,5] y) {
            y = Einsum<equation = "bqhd,bkhd->bhqk">(q, k)
        }""",
    ),
    "sum": Example(
        graph="""g (float[1,4,6,5] x) => (float[1,5,4] y) {
            y = Einsum<equation = "nchw -> nwc">(x)
        }""",
    ),
    "outer": Example(
        graph="""g (float[3] a, float[1,4] b) => (float[4,3] y) {
            y = Einsum<equation = "i,zj->ji">(a, b)
        }""",
    ),
    "implicit": Example(
        graph="""g (float[3,4] a, float[4,5] b) => (float[3,5] y) {
            y = Einsum<equation = "ij,jk">(a, b)
        }"""
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """Values in the order batch, rows, columns; one product; the order asked for."""
    terms, result = _parse(attribute(node, "equation"))
    if len(terms) > 2:
        raise RefusedError(f"it multiplies {len(terms)} values; one or two can be done")
    sizes: dict[str, int] = {}
    for term, name in zip(terms, node.input, strict=True):
        sizes.update(zip(term, graph.shape(name), strict=True))
    build = graph.replace(node)
    if len(terms) == 1:
        name, term = _sum_out(build, node.input[0], terms[0], set(result))
        _order(build, name, term, result, out=node.output[0])
        return build.nodes
    kept = [set(result) | set(terms[1]), set(result) | set(terms[0])]
    (a, left), (b, right) = (
        _sum_out(build, name, term, keep)
        for name, term, keep in zip(node.input, terms, kept, strict=True)
    )
    batch = [c for c in left if c in right and c in result]
    inner = [c for c in left if c in right and c not in result]
    rows = [c for c in left if c not in right]
    columns = [c for c in right if c not in left]

    def size(letters: list[str]) -> int:
        return math.prod(sizes[c] for c in letters)

    a = _order(build, a, left, [*batch, *rows, *inner])
    b = _order(build, b, right, [*batch, *inner, *columns])
    product = build.add(
        "MatMul",
        build.reshape(a, (size(batch), size(rows), size(inner))),
        build.reshape(b, (size(batch), size(inner), size(columns))),
    )
    made = [*batch, *rows, *columns]
    whole = build.reshape(product, [sizes[c] for c in made])
    _order(build, whole, made, result, out=node.output[0])
    return build.nodes


def _parse(equation: str) -> tuple[list[list[str]], list[str]]:
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = [list(term) for term in left.split(",")]
    if "." in equation:
        raise RefusedError("its equation has an ellipsis: write the axes out")
    if any(len(set(term)) != len(term) for term in terms):
        raise RefusedError("its equation takes a diagonal")
    letters = sorted({c for term in terms for c in term})
    implicit = [c for c in letters if sum(term.count(c) for term in terms) == 1]
    return terms, list(right) if arrow else implicit


def _sum_out(build: Builder, name: str, term: list[str], keep: set[str]) -> tuple[str, list[str]]:
    import numpy as np

    gone = [k for k, c in enumerate(term) if c not in keep]
    if gone:
        name = build.add("ReduceSum", name, np.array(gone, np.int64), keepdims=0)
    return name, [c for c in term if c in keep]


def _order(
    build: Builder, name: str, has: list[str], wanted: list[str], out: str | None = None
) -> str:
    return build.add("Transpose", name, perm=[has.index(c) for c in wanted], out=out)
