"""ONNX files: read with every doubt refused, written as canonical bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgebuild.errors import EdgebuildError
from edgebuild.formats import onnx_canonical

if TYPE_CHECKING:
    import onnx

LARGEST_BYTES = 2**31 - 1  # protobuf's limit for one message
_MOST_NODES = 1_000_000
_DEEPEST_FUNCTION = 100
DEFAULT_DOMAINS = frozenset({"", "ai.onnx"})


class OnnxError(EdgebuildError):
    """A file that is no ONNX model this project can build."""


def load(path: Path, *, vendor_domains: Collection[str] = ()) -> onnx.ModelProto:
    """A checked model: types and shapes inferred strictly, all weights inside the one file.

    Ops must be of the default domain, of one that `onnx` has schemas for, a function of the model,
    or of `vendor_domains` (such as `com.microsoft`, for steps that make these themselves).
    OnnxError otherwise.
    """
    import onnx
    from google.protobuf.message import DecodeError

    size = path.stat().st_size
    if size == 0:
        raise OnnxError(f"{path.name} is empty (0 bytes)", hint="obtain the file again")
    if size > LARGEST_BYTES:
        raise OnnxError(
            f"{path.name} is larger than 2 GiB, the limit of an ONNX file",
            fields={"size": f"{size:,} bytes"},
            hint="store the weights as float16 or 8 bit, or split the model in two manifests",
        )
    model = onnx.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise OnnxError(
            f"{path.name} is not an ONNX model, or is cut short",
            fields={"protobuf": str(error)},
            hint="compare its size and sha256 with those of where it comes from",
        ) from error
    check(model, path.name, vendor_domains=vendor_domains)
    return model


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write the canonical form of `model`, which itself is left as it is.

    Equal models give equal bytes: see `edgebuild.formats.onnx_canonical`. OnnxError above 2 GiB.
    """
    path.write_bytes(to_bytes(model))


def to_bytes(model: onnx.ModelProto) -> bytes:
    """What `save` writes."""
    if model.ByteSize() > LARGEST_BYTES:
        raise OnnxError("the model is larger than 2 GiB, the limit of an ONNX file")
    data: bytes = onnx_canonical.canonical(model).SerializeToString(deterministic=True)
    return data


def check(
    model: onnx.ModelProto, name: str = "the model", *, vendor_domains: Collection[str] = ()
) -> None:
    """OnnxError, naming the file as `name`, unless `model` is one that `load` would give."""
    import onnx

    _check_shape(model, name)
    _check_text(model, name)
    _check_opsets(model, name)
    _check_tensors(model, name)
    _check_ops(model, name, frozenset(vendor_domains))
    _check_functions(model, name)
    try:
        onnx.checker.check_model(model, full_check=True)
    except (
        onnx.checker.ValidationError,
        onnx.shape_inference.InferenceError,
        ValueError,  # enumerators and text that are none, as the C++ half reports them
        RuntimeError,
    ) as error:
        first, *rest = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise OnnxError(
            f"{name} breaks the rules of ONNX: {first}",
            fields={"checker": " ".join(rest)} if rest else None,
            hint="export the model again, or see what `onnx.checker` says of the original",
        ) from error


def graphs(model: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
    """The main graph and every graph inside attributes of its nodes, outermost first."""
    yield from onnx_canonical.graphs_of(model.graph)


def opset(model: onnx.ModelProto) -> int:
    """Version of the default domain's ops."""
    return next(int(o.version) for o in model.opset_import if o.domain in DEFAULT_DOMAINS)


def _check_shape(model: onnx.ModelProto, name: str) -> None:
    if not model.opset_import:
        raise OnnxError(f"{name} names no opset", hint="it may be cut short: obtain it again")
    if not model.graph.node:
        raise OnnxError(f"{name} has an empty graph: no nodes")
    if not model.graph.output:
        raise OnnxError(f"{name} has no outputs", hint="export it with its outputs named")


def _check_text(model: onnx.ModelProto, name: str) -> None:
    for text in _texts(model):
        if isinstance(text, bytes):  # as protobuf gives what is no text
            shown = text[:40].decode(errors="replace")
            raise OnnxError(
                f"{name} has a name or text that is not UTF-8: `{shown}`",
                hint="it is damaged: obtain it again, or export the model again",
            )


def _texts(message: Any) -> Iterator[str | bytes]:
    """Every field of a message that is to be text, and of all messages in it; of tensors the name alone."""
    import onnx

    if isinstance(message, onnx.TensorProto):
        yield message.name
        return
    for field, value in message.ListFields():
        values = (
            [value] if isinstance(value, (str, bytes)) or hasattr(value, "ListFields") else value
        )
        if field.type == field.TYPE_STRING:
            yield from values
        elif field.type == field.TYPE_MESSAGE:
            for inner in values:
                yield from _texts(inner)


def _check_opsets(model: onnx.ModelProto, name: str) -> None:
    from onnx import defs

    versions: dict[str, int] = {}
    for opset in model.opset_import:
        domain = "" if opset.domain in DEFAULT_DOMAINS else opset.domain
        if versions.setdefault(domain, opset.version) != opset.version:
            raise OnnxError(f"{name} names two versions of the opset `{domain or 'ai.onnx'}`")
    newest = defs.onnx_opset_version()
    if versions.get("", 0) > newest:
        raise OnnxError(
            f"{name} is of opset {versions['']}, and the newest that is known here is {newest}",
            hint="export it with an older opset",
        )


def _check_tensors(model: onnx.ModelProto, name: str) -> None:
    import onnx
    from onnx import numpy_helper

    for tensor in onnx_canonical.tensors_of(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            place = next((e.value for e in tensor.external_data if e.key == "location"), "?")
            raise OnnxError(
                f"{name} keeps its weights in another file",
                fields={"tensor": tensor.name, "file": place},
                hint="save it as one file: onnx.save_model(onnx.load(...), ..., "
                "save_as_external_data=False)",
            )
        if any(dim < 0 for dim in tensor.dims):
            raise OnnxError(f"{name}: tensor `{tensor.name}` has a negative dimension")
        try:
            numpy_helper.to_array(tensor)
        except (ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
            raise OnnxError(
                f"{name}: the values of tensor `{tensor.name}` do not fit its type and shape",
                fields={"shape": str(list(tensor.dims)), "reason": str(error)},
            ) from error


def _check_ops(model: onnx.ModelProto, name: str, vendor_domains: frozenset[str]) -> None:
    from onnx import defs

    schemas = {schema.domain for schema in defs.get_all_schemas()}
    functions = {(f.domain, f.name) for f in model.functions}
    known = {(schema.domain, schema.name) for schema in defs.get_all_schemas_with_history()}
    for node in onnx_canonical.nodes_of(model):
        domain = "" if node.domain in DEFAULT_DOMAINS else node.domain
        if (node.domain, node.op_type) in functions or domain in vendor_domains:
            continue
        if domain not in schemas:
            raise OnnxError(
                f"{name} uses ops of a domain that is not ONNX: {domain}",
                fields={"op": node.op_type, "node": node.name},
                hint="export it with ops of the default domain only",
            )
        if (domain, node.op_type) not in known:
            raise OnnxError(
                f"{name} uses an unknown op: {node.op_type}",
                fields={"domain": domain or "ai.onnx", "node": node.name},
                hint="export it with ops of https://onnx.ai/onnx/operators",
            )


def _check_functions(model: onnx.ModelProto, name: str) -> None:
    """Functions that use functions twice each double with every level: what they come to is counted first."""
    own = {(f.domain, f.name): f for f in model.functions}
    sizes: dict[tuple[str, str], int] = {}

    def size(nodes: Any, depth: int) -> int:
        if depth > _DEEPEST_FUNCTION:
            raise OnnxError(f"{name}: its functions use each other in a circle, or too deep")
        count = 0
        for node in nodes:
            key = node.domain, node.op_type
            if key in own and key not in sizes:
                sizes[key] = size(own[key].node, depth + 1)
            count += sizes.get(key, 1)
            count += sum(size(g.node, depth + 1) for g in onnx_canonical.subgraphs(node))
        return count

    total = size(model.graph.node, 0) if own else 0
    if total > _MOST_NODES:
        raise OnnxError(f"{name}: its functions come to {total:,} nodes, more than {_MOST_NODES:,}")
