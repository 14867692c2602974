"""Brings any network to the ops and the opset that the MyriadX compiler reads, by exact rewrites.

The compiler of OpenVINO 2021.4.2 reads ONNX up to opset 13, lacks many ops, and gets some others
wrong without a word. Each node is carried to opset 13 by the rule for its op, and ops and forms
that the compiler lacks become others that compute the same.

The result is run against the network as it was, in ONNX Runtime on random inputs. No output may
differ by more than 1e-5 of its largest magnitude, or twice what the network itself makes of a
change of its inputs in their last bits, if that is more.

What has no exact form is refused, all of it at once: op, node, and why. The log lists what was
rewritten. Put it last in the recipe of a target with a MyriadX chip.
"""

from __future__ import annotations

import sys
from pathlib import Path

from edgebuild.formats import onnx_file
from edgebuild.rewrites import legal
from edgebuild.step import Call, NoParams, StepKind
from edgebuild.steps import examples


def run(call: Call) -> None:
    """Load, rewrite, prove, write."""
    model, applied = legal.legalize(onnx_file.load(call.inputs["model"]))
    onnx_file.save(model, call.outputs["model"])
    lines = [f"{item.op} `{item.node}`: {item.rewrite}\n" for item in applied]
    sys.stdout.writelines(lines)  # into the step's log


def example(folder: Path) -> Call:
    """The tiny model, which needs nothing."""
    return examples.call(folder, KIND)


KIND = StepKind(
    role="pass",
    run=run,
    tools="onnx",
    consumes=("model",),
    produces={"model": "model.onnx"},
    params=NoParams,
    platform=("isa",),  # constants are folded with the CPU's arithmetic
    code=("edgebuild.rewrites",),
)
