"""A copy of the shipped project with a store of its own and the user's tools."""

import datetime
import io
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from edgebuild import verbs
from edgebuild.plan.graph import order
from edgebuild.settings import from_environment
from edgebuild.step import Output

ROOT = Path(__file__).parents[2]


def copy(folder, manifests=ROOT / "manifests"):
    """Manifests and dodo.py in `folder`; `folder`/home has an empty store and the tools already there."""
    folder.mkdir(exist_ok=True)
    shutil.copytree(manifests, folder / "manifests")
    shutil.copy(ROOT / "dodo.py", folder)
    tools = from_environment(os.environ).tools
    tools.mkdir(parents=True, exist_ok=True)
    (folder / "home").mkdir()
    (folder / "home/tools").symlink_to(tools)
    return folder


def environment(folder, **more):
    kept = {k: v for k, v in os.environ.items() if k not in ("EDGEBUILD_HOME", "PYTHONPATH")}
    return {**kept, "EDGEBUILD_HOME": str(folder / "home"), **more}


def doit(folder, *words, **more):
    return subprocess.run(
        [sys.executable, "-m", "doit", *words],
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=3000,
        check=False,
    )


def opened(folder, target, model=None):
    """The build of a target of such a copy, for looking at what its store has."""
    settings = from_environment(environment(folder))
    context = verbs.Context(root=folder, settings=settings, out=io.StringIO())
    return closing(context.build(target, model, datetime.date.today()))


def making(build):
    """Ids of the steps that make artifacts, without runs and checks, in order."""
    goals = [
        ref.step
        for variant in build.graph.variants
        for port in variant.artifact
        if isinstance(ref := variant.ports[port], Output)
    ]
    return list(order(build.graph.steps, goals))


def outputs(folder, target, model=None):
    """Digests of every port of the making steps, from the store."""
    found = {}
    with opened(folder, target, model) as build:
        for name in making(build):
            assert build.session.restore(name), f"{name} is not in the store"
            found[name] = build.session.outcomes[name].result.outputs
    return found
