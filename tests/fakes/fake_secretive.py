"""A kind of step that tells which variables it sees; not registered, tests hand it to the engine."""

import json
import os

from edgebuild.step import StepKind


def run(call):
    call.outputs["seen"].write_text(json.dumps(dict(os.environ)))


KIND = StepKind(
    role="source",
    run=run,
    tools="python",
    produces={"seen": "seen.json"},
    secrets={"TOKEN_FILE": "~/.service/token", "PROXY": "", "UNSET": ""},
)
