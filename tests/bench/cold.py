"""A cold build of the shipped targets beside a script that calls the same tools, one process each."""

import datetime
import io
import json
import os
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

from measure import ROOT, doit

from edgebuild import verbs
from edgebuild.plan.graph import order
from edgebuild.settings import from_environment
from edgebuild.step import Output

TARGETS = ("host-cpu", "oak1-max", "panacast20", "panacast50")
_ONE = """
import json, sys, importlib
from pathlib import Path
job = json.load(open(sys.argv[1]))
from edgebuild.params import parse_params
from edgebuild.step import Call
kind = importlib.import_module(job["module"]).KIND
paths = lambda table: {k: Path(v) for k, v in table.items()}
kind.run(Call(params=parse_params(kind.params, job["params"]), facts=job["facts"],
    inputs=paths(job["inputs"]), outputs=paths(job["outputs"]), folder=Path(job["folder"]),
    tools=Path(job["tools"])))
"""


def run(scale):
    """Seconds by target: the script without checks; edgebuild with an empty store, up to the artifacts (as
    the script) and with all its checks."""
    rows = {}
    for target in TARGETS:
        with tempfile.TemporaryDirectory() as folder:
            script = _script(target, Path(folder))
        with tempfile.TemporaryDirectory() as folder:
            whole, makes = _ours(target, Path(folder))
        rows[target] = {"script_s": script, "artifacts_s": makes, "with_checks_s": whole}
        print(
            f"cold {target}: script {script:.1f} s; edgebuild to the artifacts {makes:.1f} s"
            f" ({makes / script:.2f} x), with all checks {whole:.1f} s ({whole / script:.2f} x)",
            flush=True,
        )
    return rows


def _context(home=None):
    settings = from_environment(os.environ)
    return verbs.Context(root=ROOT, settings=settings, out=io.StringIO())


def _making(build):
    """Ids of the steps that make artifacts, without runs and checks."""
    goals = [
        ref.step
        for v in build.graph.variants
        for port in v.artifact
        if isinstance(ref := v.ports[port], Output)
    ]
    return order(build.graph.steps, goals)


def _script(target, folder):
    """Each making step in a new process of its tools' Python, one after the other."""
    context = _context()
    with closing(context.build(target, None, datetime.date.today())) as build:
        context.toolbox.provide(build.environments)
        session = build.session
        jobs, places = [], {}
        for number, (name, step) in enumerate(_making(build).items()):
            kind = context.kinds.get(step.kind)
            home = folder / str(number)
            (home / "work").mkdir(parents=True)
            inputs = {}
            for port, ref in step.inputs.items():
                if isinstance(ref, Output):
                    inputs[port] = str(places[ref.step, ref.port])
                else:
                    given = session.inputs.resolve(ref)
                    session.inputs.bring(ref, given.digest)
                    path = home / port / given.name
                    path.parent.mkdir()
                    session.store.materialise(given.digest, path)
                    inputs[port] = str(path)
            outputs = {port: home / file for port, file in kind.produces.items()}
            places |= {(name, port): path for port, path in outputs.items()}
            tools = context.toolbox.get(kind.tools)
            job = {
                "module": context.kinds.module(step.kind), "params": step.params,
                "facts": step.facts, "inputs": inputs, "folder": str(home / "work"),
                "outputs": {p: str(x) for p, x in outputs.items()}, "tools": str(tools.folder),
            }  # fmt: skip
            (home / "job.json").write_text(json.dumps(job))
            jobs.append((tools.python, home))
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    started = time.perf_counter()
    for python, home in jobs:
        subprocess.run(
            [python, "-c", _ONE, home / "job.json"], cwd=home / "work", env=env, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    return time.perf_counter() - started


def _ours(target, folder):
    """Whole build with an empty store (tools installed), and the part of it up to the artifacts."""
    settings = from_environment(os.environ)
    home = folder / "home"
    home.mkdir()
    (home / "tools").symlink_to(settings.tools)
    project = folder / "project"
    project.mkdir()
    for name in ("manifests", "dodo.py"):
        (project / name).symlink_to(ROOT / name)
    env = {**os.environ, "EDGEBUILD_HOME": str(home), "PYTHONPATH": str(ROOT)}
    context = _context()
    with closing(context.build(target, None, datetime.date.today())) as build:
        making = [f"build:{name}" for name in _making(build)]
    started = time.perf_counter()
    subprocess.run(
        doit(*making, f"target={target}"), cwd=project, env=env, check=True, stdout=subprocess.DEVNULL
    )
    makes = time.perf_counter() - started
    started = time.perf_counter()
    subprocess.run(
        doit("build", f"target={target}"), cwd=project, env=env, check=True, stdout=subprocess.DEVNULL
    )
    return makes + time.perf_counter() - started, makes
