"""Reads out of ONNX Runtime's log which nodes the QNN provider refused, and why it says so."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COLOR = re.compile(r"\x1b?\[[0-9;]*m")
_UNSUPPORTED = re.compile(r"Unsupported nodes in QNN EP: (.*)")
_NODE = re.compile(r"\{ name: (.*?), type: (\S+) \}")
_FAILED = re.compile(
    r"Validation FAILED for .*?:\n((?:\tOperator type: .*\n)+)"
    r"\tREASON : ([^\n]*(?:\n(?!\d{4}-|\[|\t)[^\n]+)*)"
)
_MEMBER = re.compile(r"\tOperator type: (\S+) Node name: (.*?) Node index: \d+")
_BACKEND = re.compile(
    r"backendValidateOpConfig\(\) failed for node `(.*?)` of type `(.*?)` with error code (\d+)"
)
_FUSED = "QNNExecutionProvider_"
# Appended by ONNX Runtime when it splits or moves a node into another layout.
_TOKEN = re.compile(r"(_token_\d+)+$")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An ONNX node that the HTP does not take; `reason` as the provider words it, or empty."""

    name: str
    op: str
    reason: str


def refusals(log: str) -> list[Refusal]:
    """The refused nodes of the last attempt in `log`, in its order, by their names in the model."""
    log = _COLOR.sub("", log)
    reasons: dict[str, str] = {}
    for block in _FAILED.finditer(log):
        for member in _MEMBER.finditer(block[1]):
            reasons[member[2]] = " ".join(block[2].split())
    for name, op, code in _BACKEND.findall(log):
        reasons[name] = f"the HTP refuses {op}: QNN.backendValidateOpConfig() error {code}"
    attempts = [line for line in _UNSUPPORTED.findall(log) if _NODE.search(line)]
    # Later passes may name the fused rest of the graph, which is no node of the model.
    wanted: list[list[tuple[str, str]]]
    wanted = [[n for n in _NODE.findall(line) if _FUSED not in n[0]] for line in attempts]
    last = next((nodes for nodes in reversed(wanted) if nodes), list[tuple[str, str]]())
    return [
        Refusal(name=original_name(name), op=op, reason=reasons.get(name, "")) for name, op in last
    ]


def original_name(name: str) -> str:
    """The ONNX node's name, without what ONNX Runtime appended to it."""
    return _TOKEN.sub("", name)
