"""Boundaries at which an op got attributes whose defaults are what it did before.

Up: nothing to do. Down: an attribute at its default is dropped, any other value is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edgebuild.rewrites.graph import Graph, attribute, without
from edgebuild.rewrites.refused import RefusedError
from edgebuild.rewrites.versions.rule import Rule, same

if TYPE_CHECKING:
    import onnx

_ONES = object()  # a list of ones, of whatever length

ADDED: dict[tuple[str, int], dict[str, Any]] = {
    ("ArgMax", 12): {"select_last_index": 0},
    ("ArgMin", 12): {"select_last_index": 0},
    ("AveragePool", 10): {"ceil_mode": 0},
    ("AveragePool", 19): {"dilations": _ONES},
    ("Cast", 19): {"saturate": 1},
    ("Cast", 24): {"round_mode": "up"},
    ("CastLike", 19): {"saturate": 1},
    ("CastLike", 24): {"round_mode": "up"},
    ("DepthToSpace", 11): {"mode": "DCR"},
    ("DequantizeLinear", 13): {"axis": 1},
    ("DequantizeLinear", 21): {"block_size": 0},
    ("DequantizeLinear", 23): {"output_dtype": 0},
    ("GRU", 14): {"layout": 0},
    ("GatherND", 12): {"batch_dims": 0},
    ("LSTM", 14): {"layout": 0},
    ("LpPool", 18): {"ceil_mode": 0, "dilations": _ONES},
    ("MaxPool", 10): {"ceil_mode": 0, "dilations": _ONES},
    ("QuantizeLinear", 13): {"axis": 1},
    ("QuantizeLinear", 19): {"saturate": 1},
    ("QuantizeLinear", 21): {"block_size": 0, "output_dtype": 0},
    ("QuantizeLinear", 23): {"precision": 0},
    ("RNN", 14): {"layout": 0},
    ("ScatterElements", 16): {"reduction": "none"},
    ("ScatterND", 16): {"reduction": "none"},
    ("TopK", 11): {"largest": 1, "sorted": 1},
}


def rules() -> dict[tuple[str, int], Rule]:
    """Rules for all of `ADDED`."""
    return {key: Rule(up=same, down=_down(added)) for key, added in ADDED.items()}


def _down(added: dict[str, Any]) -> Callable[[Graph, onnx.NodeProto], list[onnx.NodeProto]]:
    def carry(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        drop(node, **added)
        return [node]

    return carry


def drop(node: onnx.NodeProto, **defaults: Any) -> None:
    """Take attributes away that are at their default; RefusedError if one is not."""
    for name, default in defaults.items():
        value = attribute(node, name)
        is_default = set(value or ()) <= {1} if default is _ONES else value in (None, default)
        if not is_default:
            raise RefusedError(f"the older definition has no `{name}` (here {value})")
        without(node, name)
