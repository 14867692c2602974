"""Estimates how long a frame takes, from what its layers cost and the target's roofline.

For a target of which no device is at hand. The figure is a lower bound: each layer takes as long as its
operations at the peak rate, or its bytes at the bandwidth, and the layers run one after the other. Starting
a layer, waiting, and everything below the peak comes on top, which is much: a Myriad X takes 10.5 ms for a
frame of ResNet-18 (docs.luxonis.com, Robotics Vision Core 2), whose 1.8 GMAC are 2.6 ms at its peak. Use the
figure to compare networks and to refuse what cannot fit; that one fits is for a device to show.
"""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import costs, timings
from edgebuild.formats.costs import Costs, Layer
from edgebuild.step import Call, StepKind
from edgebuild.steps import examples

_BY = "roofline"
_NOTE = "a lower bound: each layer at the peak that the target's roofline gives"


def run(call: Call) -> None:
    """Add up the layers."""
    found = costs.load(call.inputs["costs"])
    if found.ms:
        made = timings.estimated(_BY, found.ms, note=_NOTE)
    else:
        made = timings.unknown(_BY, f"no estimate: {found.lacks or 'the model has no layers'}")
    timings.save(call.outputs["timings"], made)


def example(folder: Path) -> Call:
    """A convolution of a third of a millisecond."""
    layer = Layer(
        name="conv1", op="Conv", output="c1", nodes=("conv1",), macs=3240, other_ops=0, params=140,
        weight_bytes=280, input_bytes=144, output_bytes=240, precision="fp16", ms=1 / 3,
        bound="compute",
    )  # fmt: skip
    costs.save(folder / "costs.json", Costs(layers=(layer,), roofline={"source": "an example"}))
    return examples.call(folder, KIND, inputs={"costs": folder / "costs.json"})


KIND = StepKind(
    role="probe",
    run=run,
    tools="python",
    consumes=("costs",),
    produces={"timings": "timings.json"},
)
