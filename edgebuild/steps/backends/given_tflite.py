"""A TFLite file that somebody else made: verified as it is, and published byte by byte.

TFLite is NHWC as a rule and its converters give names of their own: `layouts` and `names` say so. A
quantised input or output has its stored type (`types`); samples and answers are converted by the
file's own scales. Dimensions it leaves open take the declared sizes. No recipe is applied to it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from edgebuild.formats import contract_file, naming, placement, tflite, tflite_run
from edgebuild.formats.naming import Port
from edgebuild.step import Call, Contract, File, ProjectFile, StepKind, param
from edgebuild.steps import converted, examples, given
from edgebuild.steps.given import Interface


@dataclass(frozen=True, kw_only=True)
class Params(Interface):
    """The artifact, and how its interface differs from the manifest's."""

    tflite: File = param("the TFLite file, by path or by URL and sha256")


def run(call: Call) -> None:
    """Read it, hold it to the manifest, prove that it loads."""
    path = call.inputs["tflite"]
    file = tflite.load(path)
    wanted = given.promised(call.params, Contract.from_json(call.facts["contract"]))
    found, names = given.bind(
        path.name,
        [Port(names=(t.name,), shape=t.shape, dtype=t.dtype) for t in file.inputs],
        [Port(names=(t.name,), shape=t.shape, dtype=t.dtype) for t in file.outputs],
        call.params,
        wanted,
    )
    tflite_run.interpreter(path)
    shutil.copyfile(path, call.outputs["tflite"])
    contract_file.save(call.outputs["contract"], found)
    naming.save(call.outputs["names"], names)
    placement.save(
        call.outputs["placement"],
        [
            placement.Stage(name=f"{op.type}@{index}", op=op.type, engine="CPU", layer=op.output)
            for index, op in enumerate(file.ops)
        ],
    )


def example(folder: Path) -> Call:
    """The tiny model in TFLite's layout and names."""
    names = converted.TFLITE_NAMES
    return examples.call(
        folder,
        KIND,
        params=Params(
            tflite=ProjectFile(path="theirs.tflite"),
            names={own: ours for ours, own in {**names.inputs, **names.outputs}.items()},
            layouts={"image": "NHWC", "mask": "NHWC"},
        ),
        facts={"contract": examples.CONTRACT.to_json()},
        inputs={"tflite": converted.write_tflite(folder / "theirs.tflite")},
    )


KIND = StepKind(
    role="backend",
    run=run,
    tools="litert",
    produces={
        "tflite": "model.tflite",
        "contract": "contract.json",
        "names": "names.json",
        "placement": "placement.json",
    },
    params=Params,
    facts=("contract",),
    contract=given.promised,
    runtime="litert",
    probes={"timings": ("timings_litert",), "ranges": ()},
)
