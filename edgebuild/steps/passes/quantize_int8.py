"""Quantises to 8 bits (activations to 8 or 16) with Q/DQ pairs, by ranges seen on calibration data.

With `target: qnn` every op gets Q/DQ around it, by ONNX Runtime's settings for Qualcomm's HTP:
needed on chips without floating point, such as SM8250. Relu and Clip fold into the range of the op
before them; where that op only moves values (MaxPool, Reshape), they are moved in front of it
first. A Clip whose bounds leave out zero, which every quantised range has in it, becomes Max and
Min. A batch norm on its own becomes a convolution. With `target: generic` the model is for ONNX
Runtime and OpenVINO. In both, `exp(x) / sum(exp(x))` becomes a Softmax.

The model is brought to opset 13 (21 with 16-bit activations) and what was done before any
quantisation is compared with the model as given: it must agree to 80 dB.

Calibrate on real data: 100 or more samples of what the device will see. Noise is no calibration.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from edgebuild.errors import EdgebuildError, suggest
from edgebuild.formats import (
    dataset,
    onnx_canonical,
    onnx_contract,
    onnx_file,
    onnx_names,
    onnx_run,
)
from edgebuild.formats.feed import feed
from edgebuild.qnn import coverage
from edgebuild.qnn.prepare import prepare
from edgebuild.qnn.quantise import Scheme, quantise
from edgebuild.step import Call, Contract, StepKind, param
from edgebuild.steps import agreement, examples

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

    Feeds: TypeAlias = dict[str, NDArray[Any]]

LOWEST_SQNR_DB = 80.0  # of the preparation, which is exact but for fused constants
_OPSETS = {"uint8": 13, "uint16": 21}  # the first with Q/DQ per channel, and with 16 bits
_SHOWN = 8


class QuantizeError(EdgebuildError):
    """A model or calibration data that cannot be quantised."""


@dataclass(frozen=True, kw_only=True)
class Params:
    """Parameters of this pass."""

    target: Literal["qnn", "generic"] = param(
        "What runs the model: Qualcomm's HTP, or ONNX Runtime and OpenVINO.", "generic"
    )
    activation: Literal["uint8", "uint16"] = param("Type of activations.", "uint8")
    weight: Literal["uint8", "int8"] = param("Type of weights; int8 is symmetric.", "int8")
    per_channel: bool = param("One scale for each output channel of a weight; int8 only.", True)
    method: Literal["minmax", "percentile", "entropy"] = param(
        "How ranges follow from the values seen: all of them, without outliers, or least "
        "divergence.",
        "minmax",
    )
    percentile: float = param(
        "With `method: percentile`: share of the values inside the range, in percent.",
        99.99,
        minimum=50,
        maximum=100,
    )
    samples: int | None = param(
        "Use the first so many samples of the calibration data; none given = all.",
        None,
        minimum=1,
    )
    keep_float: tuple[str, ...] = param("Nodes, or types of op, that stay floating point.", ())


def run(call: Call) -> None:
    """Prepare, calibrate, quantise, check that nothing was left out, write."""
    params: Params = call.params
    if params.per_channel and params.weight == "uint8":
        raise QuantizeError(
            "weights of type uint8 cannot have a scale for each channel",
            hint="use `weight: int8`, or `per_channel: false`",
        )
    model = onnx_file.load(call.inputs["model"])
    if coverage.is_quantised(model):
        raise QuantizeError("the model is quantised already", hint="use this pass once")
    _check_flow(model, params)
    contract = Contract.from_json(call.facts["contract"])
    source = Contract.from_json(call.facts["source_contract"])
    feeds = _calibration(call.inputs["calibration"], source, contract, params.samples)
    prepared = prepare(
        model, opset=_OPSETS[params.activation], htp=params.target == "qnn", folder=call.folder
    )
    truth = onnx_run.run(onnx_run.session(model, threads=call.threads), feeds[0])
    agreement.require(
        truth,
        onnx_run.run(onnx_run.session(prepared, threads=call.threads), feeds[0]),
        sqnr_db=LOWEST_SQNR_DB,
        what="preparing for quantisation",
    )
    onnx_names.keep_meaning(model, prepared, feeds[0], threads=call.threads)
    kept = _kept(prepared, params.keep_float)
    quantised = quantise(
        prepared,
        feeds,
        Scheme(
            htp=params.target == "qnn",
            activation=params.activation,
            weight=params.weight,
            per_channel=params.per_channel,
            method=params.method,
            percentile=params.percentile,
        ),
        keep=kept,
        folder=call.folder,
        threads=call.threads,
    )
    onnx_contract.fix(quantised, contract, "the quantised model")
    onnx_contract.infer(quantised)
    onnx_file.check(quantised, "the quantised model")
    _check_coverage(quantised, params, kept)
    answer = onnx_run.run(onnx_run.session(quantised, threads=call.threads), feeds[0])
    for name, array in truth.items():
        figure = agreement.sqnr(array, answer[name])
        sys.stdout.write(f"quantised, first sample: {figure:.1f} dB at {name}\n")
    onnx_file.save(quantised, call.outputs["model"])


def _calibration(path: Path, source: Contract, stage: Contract, samples: int | None) -> list[Feeds]:
    """The samples as the model takes them. QuantizeError if they cannot tell any range."""
    import numpy as np

    inputs = dataset.load(path).get("inputs", {})
    for name in stage.inputs:
        if name not in inputs:
            raise QuantizeError(
                f"the calibration data has no values for input `{name}`",
                fields={"has": ", ".join(inputs) or "(nothing)"},
            )
        values = inputs[name][:samples]
        if values.size == 0:
            raise QuantizeError("the calibration data is empty")
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise QuantizeError(f"calibration values of input `{name}` are not all numbers")
        if values.dtype.kind != "b" and values.min() == values.max():
            raise QuantizeError(
                f"all calibration values of input `{name}` are {values.min()}",
                hint="a range follows from data that varies: use real samples",
            )
    count = min(len(inputs[name][:samples]) for name in stage.inputs)
    return [
        {n: feed(inputs[n][i], source.inputs[n], tensor) for n, tensor in stage.inputs.items()}
        for i in range(count)
    ]


def _kept(model: onnx.ModelProto, keep_float: Sequence[str]) -> frozenset[str]:
    """Names of the nodes that stay floating point."""
    names = {node.name for node in model.graph.node}
    ops = {node.op_type for node in model.graph.node}
    for word in keep_float:
        if word not in names | ops:
            near = suggest(word, names | ops)
            raise QuantizeError(
                f"`keep_float` names `{word}`, which is no node and no type of op of the model",
                hint=f"did you mean `{near}`?" if near else f"types are {', '.join(sorted(ops))}",
            )
    wanted = set(keep_float)
    return frozenset(n.name for n in model.graph.node if {n.name, n.op_type} & wanted)


def _check_flow(model: onnx.ModelProto, params: Params) -> None:
    """QuantizeError if the HTP were to choose between graphs, or to repeat one."""
    flow = [n for n in model.graph.node if any(onnx_canonical.subgraphs(n))]
    if flow and params.target == "qnn":
        raise QuantizeError(
            "the HTP has no control flow",
            fields={n.name: f"{n.op_type} has graphs inside it" for n in flow[:_SHOWN]},
            hint="export the branch that is used, or unroll the loop",
        )


def _check_coverage(model: onnx.ModelProto, params: Params, kept: frozenset[str]) -> None:
    if params.target != "qnn":
        return
    left = [n for n in coverage.float_nodes(model) if n.name not in kept]
    if left:
        raise QuantizeError(
            f"{len(left)} node{'s' if len(left) != 1 else ''} of the model cannot be quantised",
            fields={
                n.name: f"{n.op}: `{n.tensors[0]}` stays floating point" for n in left[:_SHOWN]
            },
            hint="rewrite these ops, or name them in `keep_float` if the chip has floats",
        )


def example(folder: Path) -> Call:
    """The tiny model and three images, for the HTP."""
    return examples.call(folder, KIND, params=Params(target="qnn"))


KIND = StepKind(
    role="pass",
    run=run,
    tools="onnx",
    consumes=("model", "calibration"),
    produces={"model": "model.onnx"},
    params=Params,
    facts=("contract", "source_contract"),
    platform=("isa",),  # ranges are observed with the CPU's arithmetic
    time_limit_s=3600,
)
