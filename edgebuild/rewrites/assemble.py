"""From an opened graph back to a model, and what is inferred from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.graph import Graph
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

IR_VERSION = 7  # what opset 13 came with; kept for all older opsets too


def model_of(graph: Graph, *, typed: bool = False) -> onnx.ModelProto:
    """A model of the graph's nodes, its live constants, and (`typed`) the types of all values."""
    import onnx
    from onnx import helper, numpy_helper

    read = {name for node in graph.nodes for name in node.input} | set(graph.output_names)
    infos = []
    if typed:
        infos = [
            helper.make_tensor_value_info(name, graph.types[name], shape)
            for node in graph.nodes
            for name in node.output
            if name in graph.types and (shape := graph.shapes.get(name)) is not None
        ]
    body = helper.make_graph(
        graph.nodes,
        "main",
        graph.inputs,
        graph.outputs,
        [numpy_helper.from_array(a, n) for n, a in graph.constants.items() if n in read],
        value_info=infos,
    )
    opsets = [helper.make_opsetid("", graph.opset)]
    opsets += [o for o in graph.model.opset_import if o.domain not in ("", "ai.onnx")]
    version = IR_VERSION if graph.opset <= 13 else max(8, graph.model.ir_version)
    model: onnx.ModelProto = helper.make_model(body, opset_imports=opsets, ir_version=version)
    assert isinstance(model, onnx.ModelProto)
    return model


def infer(graph: Graph) -> None:
    """Types and shapes of every value, written into the graph; outputs get theirs too."""
    import onnx
    from onnx import helper

    model = model_of(graph)
    made = {name for node in graph.nodes for name in node.output}
    for output in model.graph.output:
        if output.name in made and output.type.tensor_type.HasField("shape"):
            output.type.tensor_type.ClearField("shape")  # what is inferred is at least as sharp
    try:
        while True:
            model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
            if not _add_unknown(model):
                break
    except onnx.shape_inference.InferenceError as error:
        text = " ".join(str(error).split())
        raise RefusedError(f"shapes cannot be inferred: {text}") from error
    graph.types.clear()
    graph.shapes.clear()
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        kind = value.type.tensor_type
        graph.types[value.name] = kind.elem_type
        dims = [d.dim_value if d.HasField("dim_value") else -1 for d in kind.shape.dim]
        known = kind.HasField("shape") and all(d >= 0 for d in dims)
        graph.shapes[value.name] = tuple(dims) if known else None
    declared = {value.name: value for value in graph.outputs}
    for value in graph.outputs:
        if (shape := graph.shapes.get(value.name)) is not None:
            declared[value.name] = helper.make_tensor_value_info(
                value.name, graph.types[value.name], shape
            )
    graph.outputs = list(declared.values())


# ONNX infers nothing for these; their first output is as their first input.
_ALIKE = frozenset(("GroupNormalization",))


def _add_unknown(model: onnx.ModelProto) -> bool:
    """Whether types were added that ONNX itself does not infer."""
    graph = model.graph
    known = {v.name: v.type for v in (*graph.input, *graph.value_info, *graph.output)}
    changed = False
    for node in graph.node:
        name, source = node.output[0], node.input[0] if node.input else ""
        if node.op_type not in _ALIKE or source not in known:
            continue
        if name in known and known[name].tensor_type.HasField("shape"):
            continue
        if not known[source].tensor_type.HasField("shape"):
            continue
        target = next((v for v in graph.output if v.name == name), None)
        (target or graph.value_info.add(name=name)).type.CopyFrom(known[source])
        changed = True
    return changed


def prune(graph: Graph) -> None:
    """Drop nodes whose results nobody reads, and the names of outputs nobody reads."""
    wanted = set(graph.output_names)
    kept = []
    for node in reversed(graph.nodes):
        if not wanted.intersection(node.output):
            continue
        wanted.update(node.input)
        kept.append(node)
    graph.nodes = kept[::-1]
    graph.makers = {}
    graph.note(graph.nodes)
    graph.constants = {n: a for n, a in graph.constants.items() if n in wanted}


def bypass(graph: Graph) -> None:
    """Take Identity nodes out, but those between an input or constant and a model output.

    Names of inputs and outputs of the model stay.
    """
    fixed = set(graph.output_names)
    sources = {value.name for value in graph.inputs} | set(graph.constants)
    renamed: dict[str, str] = {}
    kept = []
    for node in graph.nodes:
        source = renamed.get(node.input[0], node.input[0]) if node.input else ""
        if node.op_type != "Identity" or node.domain:
            kept.append(node)
        elif node.output[0] not in fixed:
            renamed[node.output[0]] = source
        elif source in sources or source in fixed:
            kept.append(node)
        else:  # the maker takes over the output's name
            renamed[source] = node.output[0]
            fixed.add(node.output[0])
            for other in kept:
                _rename(other, source, node.output[0])
    for node in kept:
        for k, name in enumerate(node.input):
            while name in renamed:
                name = renamed[name]
            node.input[k] = name
    graph.nodes = kept
    graph.makers = {}
    graph.note(kept)


def own_outputs(graph: Graph) -> None:
    """An Identity between a node of several outputs and those of the model: the compiler gives what such a
    node makes names of its own."""
    from onnx import helper

    nodes: list[onnx.NodeProto] = []
    for node in graph.nodes:
        nodes.append(node)
        made = list(node.output) if len(node.output) > 1 else []
        for name in [n for n in made if n in graph.output_names]:
            inner = graph.fresh(name)
            graph.types[inner], graph.shapes[inner] = graph.types[name], graph.shapes[name]
            for other in graph.nodes:
                _rename(other, name, inner)
            nodes.append(helper.make_node("Identity", [inner], [name], f"{inner}/own"))
    graph.nodes = nodes
    graph.note(nodes)


def _rename(node: onnx.NodeProto, old: str, new: str) -> None:
    for names in (node.input, node.output):
        for k, name in enumerate(names):
            if name == old:
                names[k] = new
