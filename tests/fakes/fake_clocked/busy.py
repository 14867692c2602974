"""Keeps running for a while, and writes into a journal from when to when (the system's monotonic clock)."""

import json
import os
import time
from dataclasses import dataclass

from edgebuild.step import StepKind, param


@dataclass(frozen=True, kw_only=True)
class Params:
    """Where the journal is."""

    journal: str = param("path of the journal")
    seconds: float = param("how long", 0.02)
    name: str = param("of the step, for the journal")


def run(call):
    begun = time.monotonic()
    time.sleep(call.params.seconds)
    call.outputs["model"].write_text(call.inputs["model"].read_text() + "\n" + call.params.name)
    line = json.dumps([call.params.name, begun, time.monotonic()]) + "\n"
    handle = os.open(call.params.journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, line.encode())
    os.close(handle)


KIND = StepKind(
    role="pass", run=run, tools="python", consumes=("model",), produces={"model": "model.txt"},
    params=Params,
)  # fmt: skip
