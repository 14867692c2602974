"""Names of values that mean the same before and after a rewrite, so that they can be compared one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats import onnx_canonical, onnx_file, onnx_run, onnx_values

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]

_SAME = (
    1e-6  # of the power: 60 dB, which no two values have by chance and every exact rewrite keeps
)


def keep_meaning(
    before: onnx.ModelProto,
    after: onnx.ModelProto,
    feeds: Mapping[str, Array],
    *,
    threads: int = 1,
) -> int:
    """Renames values of `after`, in place, until each name that both have is of the same value; how many.

    A tool that folds a batch norm into a convolution gives the result the name of what the convolution
    made before; here it gets back that of the batch norm. What is meant is told by running
    both on `feeds`. A value that `before` does not have gets a name that it does not have either. Inputs and
    outputs keep theirs.
    """
    wanted, found = (_values(model, feeds, threads) for model in (before, after))
    fixed = {value.name for value in (*after.graph.input, *after.graph.output)}
    loose = [
        name
        for name in found
        if name not in fixed and not (name in wanted and _same(wanted[name], found[name]))
    ]
    taken = (found.keys() - set(loose)) | fixed | {t.name for t in after.graph.initializer}
    names: dict[str, str] = {}
    for name in loose:
        free = (n for n in wanted if n not in taken and _same(wanted[n], found[name]))
        new = next(free, None) or (_fresh(name, taken | wanted.keys()) if name in wanted else name)
        taken.add(new)
        names[name] = new
    names = {old: new for old, new in names.items() if old != new}
    _rename(after.graph, names)
    return len(names)


def _values(model: onnx.ModelProto, feeds: Mapping[str, Array], threads: int) -> dict[str, Array]:
    """What every node of the main graph makes, in its order."""
    data = onnx_file.to_bytes(model)
    names = [value.name for value in onnx_values.read(data)]
    session = onnx_run.session(onnx_values.exposed(data, names), threads=threads)
    found = onnx_run.run(session, feeds)
    return {name: found[name] for name in names}


def _same(a: Any, b: Any) -> bool:
    import numpy as np

    if isinstance(a, list) and isinstance(b, list):  # a sequence
        return len(a) == len(b) and all(map(_same, a, b))
    if type(a) is not type(b) or a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind != "f":
        return bool((a == b).all())
    known = np.isfinite(a)
    if not np.array_equal(known, np.isfinite(b)):
        return False
    x, y = a[known].astype(np.float64), b[known].astype(np.float64)
    return bool(np.sum((x - y) ** 2) <= _SAME * np.sum(x**2))


def _fresh(name: str, taken: Iterable[str]) -> str:
    number = 1
    while f"{name}/{number}" in taken:
        number += 1
    return f"{name}/{number}"


def _rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        onnx_canonical.rename_captured(node, names)
    for value in graph.value_info:
        value.name = names.get(value.name, value.name)
