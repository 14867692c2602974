"""Brings the network to another opset, up or down, each node by the rule for its op.

A node whose op is defined alike at both opsets stays. Where the definition changed, a rule carries
the node over, or the pass refuses it by name. The result is run against the network as it was, as
the pass `legalize` does it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from edgebuild.formats import onnx_file
from edgebuild.rewrites import legal
from edgebuild.step import Call, StepKind, param
from edgebuild.steps import examples


@dataclass(frozen=True, kw_only=True)
class Params:
    """Where to."""

    opset: int = param("opset of the default domain to bring the network to", minimum=7, maximum=24)


def run(call: Call) -> None:
    """Load, rewrite, prove, write."""
    model, applied = legal.change_opset(onnx_file.load(call.inputs["model"]), call.params.opset)
    onnx_file.save(model, call.outputs["model"])
    lines = [f"{item.op} `{item.node}`: {item.rewrite}\n" for item in applied]
    sys.stdout.writelines(lines)  # into the step's log


def example(folder: Path) -> Call:
    """The tiny model, five opsets on."""
    return examples.call(folder, KIND, params=Params(opset=18))


KIND = StepKind(
    role="pass",
    run=run,
    tools="onnx",
    consumes=("model",),
    produces={"model": "model.onnx"},
    params=Params,
    platform=("isa",),  # constants are folded with the CPU's arithmetic
    code=("edgebuild.rewrites",),
)
