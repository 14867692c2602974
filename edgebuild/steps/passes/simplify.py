"""Folds constants, removes what does nothing and fuses batch norms, with onnxsim.

What comes out has the same inputs and outputs and answers as before: both are run on the same
random inputs and must agree to 80 dB. A value that is left keeps its name, and only its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

from edgebuild.errors import EdgebuildError
from edgebuild.formats import onnx_contract, onnx_file, onnx_names, onnx_run
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import agreement, examples

LOWEST_SQNR_DB = 80.0  # a fused batch norm alone leaves above 110


class SimplifyError(EdgebuildError):
    """A model that onnxsim cannot take."""


def run(call: Call) -> None:
    """Simplify, check, compare, write."""
    import onnxsim

    before = onnx_file.load(call.inputs["model"])
    contract = Contract.from_json(call.facts["contract"])
    try:
        after, _ = onnxsim.simplify(before)
    except Exception as error:  # the C++ half raises whatever it likes
        raise SimplifyError(
            "onnxsim cannot simplify this model",
            fields={"reason": " ".join(str(error).split())},
            hint="leave `simplify` out of the recipe",
        ) from error
    onnx_contract.fix(after, contract, "the simplified model")
    onnx_file.check(after, "the simplified model")
    feeds = onnx_run.random_inputs(contract)
    agreement.require(
        onnx_run.run(onnx_run.session(before, threads=call.threads), feeds),
        onnx_run.run(onnx_run.session(after, threads=call.threads), feeds),
        sqnr_db=LOWEST_SQNR_DB,
        what="onnxsim",
    )
    onnx_names.keep_meaning(before, after, feeds, threads=call.threads)
    sys.stdout.write(f"nodes: {len(before.graph.node)} -> {len(after.graph.node)}\n")
    onnx_file.save(after, call.outputs["model"])


def example(folder: Path) -> Call:
    """The tiny model with an Identity and a computed constant in it."""
    from onnx import helper

    model = examples.model()
    node = model.graph.node
    node[3].input[0] = "c3"
    node.insert(3, helper.make_node("Identity", ["c2"], ["c3"], "nothing"))
    onnx_file.save(model, folder / "model.onnx")
    return examples.call(folder, KIND, inputs={"model": folder / "model.onnx"})


KIND = StepKind(
    role="pass",
    run=run,
    tools="onnx",
    consumes=("model",),
    produces={"model": "model.onnx"},
    facts=("contract",),
    platform=("isa",),  # constants are folded with the CPU's arithmetic
)
