"""A cold build of the shipped targets beside a script that calls the same tools, one process each.

Then the same project again: restored from the store after artifacts/ was deleted, and with nothing to do.
"""

import datetime
import io
import json
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

import shipped
from measure import ROOT, doit, peak_rss_mb, seconds

from edgebuild import verbs
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
    the script) and with all its checks; restoring; nothing to do. MB of the main process while it restores."""
    rows = {}
    for target in TARGETS:
        with tempfile.TemporaryDirectory() as folder:
            script = _script(target, Path(folder))
        with tempfile.TemporaryDirectory() as folder:
            row = _ours(target, shipped.copy(Path(folder) / "project"))
        rows[target] = {"script_s": script, **row}
        print(
            f"cold {target}: script {script:.1f} s; edgebuild to the artifacts"
            f" {row['artifacts_s']:.1f} s ({row['artifacts_s'] / script:.2f} x), with all checks"
            f" {row['with_checks_s']:.1f} s ({row['with_checks_s'] / script:.2f} x); restored in"
            f" {row['restore_s']:.2f} s; nothing to do in {row['noop_s']:.3f} s;"
            f" {row['peak_rss_mb']:.0f} MB",
            flush=True,
        )
    return rows


def _context():
    settings = from_environment(os.environ)
    return verbs.Context(root=ROOT, settings=settings, out=io.StringIO())


def _script(target, folder):
    """Each making step in a new process of its tools' Python, one after the other."""
    context = _context()
    with closing(context.build(target, None, datetime.date.today())) as build:
        context.toolbox.provide(build.environments)
        session = build.session
        jobs, places = [], {}
        steps = {name: build.graph.steps[name] for name in shipped.making(build)}
        for number, (name, step) in enumerate(steps.items()):
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


def _ours(target, project):
    """The same steps by doit into an empty store (tools installed), then the rest, then again."""
    with shipped.opened(project, target) as build:
        making = [f"build:{name}" for name in shipped.making(build)]
    env = shipped.environment(project)
    command = doit("build", f"target={target}")
    makes = _timed(doit(*making, f"target={target}"), project, env)
    rest = _timed(command, project, env)
    shutil.rmtree(project / "artifacts")
    restore = _timed(command, project, env)
    noop = seconds(command, project, env)
    shutil.rmtree(project / "artifacts")
    return {
        "artifacts_s": makes,
        "with_checks_s": makes + rest,
        "restore_s": restore,
        "noop_s": noop,
        "peak_rss_mb": peak_rss_mb(command, project, env),
    }


def _timed(command, cwd, env):
    started = time.perf_counter()
    subprocess.run(command, cwd=cwd, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started
