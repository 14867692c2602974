"""A network that exists as a TFLite file only.

LiteRT's answers are the truth, as floats where the file is quantised. No pass and no compiler reads
TFLite: such a model is for backends of given artifacts (`given_tflite`, ...). Its inputs and outputs must
be those that the manifest declares; a dimension it leaves open takes the declared size.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from edgebuild.formats import tflite, tflite_run
from edgebuild.formats.naming import Port
from edgebuild.step import Call, Contract, File, ProjectFile, StepKind, param
from edgebuild.steps import converted, examples, given


@dataclass(frozen=True, kw_only=True)
class Params:
    """The one file."""

    model: File = param("TFLite file, of the project or by URL and sha256")


def run(call: Call) -> None:
    """Read it, hold it to the manifest, prove that it loads."""
    path = call.inputs["model"]
    file = tflite.load(path)
    given.bind(
        path.name,
        [Port(names=(t.name,), shape=t.shape, dtype=t.dtype) for t in file.inputs],
        [Port(names=(t.name,), shape=t.shape, dtype=t.dtype) for t in file.outputs],
        given.Interface(),
        Contract.from_json(call.facts["contract"]),
        given.OF_A_SOURCE,
    )
    tflite_run.interpreter(path)
    shutil.copyfile(path, call.outputs["source_tflite"])


def example(folder: Path) -> Call:
    """The tiny model in TFLite's layout and names."""
    return examples.call(
        folder,
        KIND,
        params=Params(model=ProjectFile(path="network.tflite")),
        facts={"contract": converted.TFLITE_SOURCE.to_json()},
        inputs={"model": converted.write_tflite(folder / "network.tflite")},
    )


KIND = StepKind(
    role="source",
    run=run,
    tools="litert",
    produces={"source_tflite": "source.tflite"},
    params=Params,
    facts=("contract",),
    canonical="",
    runtime="reference_tflite",
)
