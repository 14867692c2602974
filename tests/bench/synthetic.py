"""Projects of N trivial steps through the real loader and planner, already built, with no process a step."""

import datetime
import io
import os
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from textproject import write

from edgebuild import verbs
from edgebuild.action import ActionResult
from edgebuild.params import parse_params
from edgebuild.settings import from_environment
from edgebuild.step import Call

# source, tidy, append, upper; contract, length, placement, security, size, skew
STEPS_PER_MODEL = 10


def make(root: Path, steps: int) -> None:
    """A project with `steps` steps, and a home (EDGEBUILD_HOME) in which all of them are done and published.

    The engine decides and records as always; only the steps themselves run in this process, and nothing is
    flushed to the disk, so that 100,000 of them take minutes.
    """
    models = {f"m{n}": f"text {n}" for n in range(steps // STEPS_PER_MODEL)}
    write(root, models, recipe="append: {word: a}")
    os.fsync = lambda handle: None
    settings = from_environment(os.environ)
    context = verbs.Context(root=root, settings=settings, out=io.StringIO())
    with closing(context.build("board", None, datetime.date.today())) as build:
        assert len(build.graph.steps) == steps, len(build.graph.steps)
        session = build.session
        session.execute = _InProcess(session.store)
        for name in build.graph.steps:
            if not session.restore(name):
                session.build(name)
        for variant in build.graph.variants:
            build.publish(variant)
        build.finish(succeeded=True)


class _InProcess:
    """Runs a step's function here; the same results as the real executor, without its isolation."""

    def __init__(self, store):
        self.store = store
        self.folder = Path(tempfile.mkdtemp(dir=store.work))

    def warm(self, tools):
        """There are no workers."""

    def __call__(self, step, kind, module, action, tools):
        inputs, outputs = {}, {}
        for port, given in action.inputs.items():
            inputs[port] = self.store.blob_path(given.digest)
        for port, name in action.outputs.items():
            outputs[port] = self.folder / name
        params = parse_params(kind.params, action.params)
        kind.run(
            Call(
                params=params, facts=action.facts, inputs=inputs, outputs=outputs,
                folder=self.folder, tools=tools.folder,
            )
        )  # fmt: skip
        return ActionResult(
            outputs={port: self.store.put_file(path) for port, path in outputs.items()},
            log=self.store.put_bytes(b""),
            metadata={"seconds": 0.0},
        )


if __name__ == "__main__":
    make(Path(sys.argv[1]).absolute(), int(sys.argv[2]))
