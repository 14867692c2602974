"""MaxPool and AveragePool with `ceil_mode` as explicit pads, where the reader counts one more.

ONNX leaves out a last window that would begin in the padding; the compiler's reader keeps it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute, without

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("MaxPool", "AveragePool")
EXAMPLES = {
    op: Example(
        opset=22,
        graph=f"""g (float[1,2,2,6] x) => (float[1,2,1,3] y) {{
            y = {op}<kernel_shape = [1, 1], strides = [2, 2], ceil_mode = 1>(x)
        }}""",
        tolerance=0,
    )
    for op in OPS
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """The node without `ceil_mode`, if the two would disagree."""
    import onnx
    from onnx import helper

    if not attribute(node, "ceil_mode", 0) or attribute(node, "count_include_pad", 0):
        return None
    if attribute(node, "auto_pad", "NOTSET") != "NOTSET":
        return None
    before = graph.shape(node.input[0])[2:]
    space = len(before)
    ones = [1] * space
    kernel, strides = attribute(node, "kernel_shape"), attribute(node, "strides", ones)
    dilations, pads = attribute(node, "dilations", ones), attribute(node, "pads", [0] * 2 * space)
    ends, agree = [], True
    for k, (size, stride) in enumerate(zip(before, strides, strict=True)):
        window = (kernel[k] - 1) * dilations[k] + 1
        count = -(-(size + pads[k] + pads[space + k] - window) // stride) + 1
        if (count - 1) * stride >= size + pads[k]:
            count, agree = count - 1, False
        ends.append((count - 1) * stride + window - size - pads[k])
    if agree:
        return None
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    without(copy, "ceil_mode", "pads")
    begins = list(pads[:space])
    copy.attribute.append(helper.make_attribute("pads", [*begins, *(max(0, e) for e in ends)]))
    return [copy]
