"""`doit test [only=NAME]`: edgebuild's own tests, those for tool environments in their own Python."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

from edgebuild.errors import EdgebuildError
from edgebuild.toolchains import environments
from edgebuild.verbs import Context

_HEAVY = "heavy"  # pytest's marker, and the name of that set
# Where tests of a folder below tests/tools need another environment's files beside their own.
_BESIDE = {"onnx": ("myriad",), "metrics": ("sklearn",)}


def run(context: Context, only: str | None = None) -> bool:
    """tests/ in the main Python, then tests/tools/<environment>/ each in that environment; those of tests/ that
    are marked `heavy` only when asked for. With CI set in the environment a skipped test is a failure, for
    nothing is missing there that a test needs."""
    folders = {path.name: path for path in sorted(context.in_checkout("tests/tools").iterdir())}
    names = ["main", *(n for n in folders if any(folders[n].glob("test_*.py")))]
    known = [*names, _HEAVY]
    if only is not None and only not in known:
        raise EdgebuildError(
            f"unknown set of tests `{only}`", hint=f"there are: {', '.join(known)}"
        )
    chosen = [only] if only else names
    tools = [n for n in chosen if n in folders]
    context.toolbox.provide([*tools, "pytest", *(b for n in tools for b in _BESIDE.get(n, ()))])
    ok = True
    for name in chosen:
        context.say(f"== tests: {name}")
        context.out.flush()
        if name in folders:
            ok &= _in_tools(context, name, folders[name])
        else:
            ok &= _main(context, _HEAVY if name == _HEAVY else f"not {_HEAVY}")
    return ok


def _main(context: Context, marked: str) -> bool:
    command = [sys.executable, "-m", "pytest", "tests", "--ignore=tests/tools", f"-m={marked}"]
    return _pytest(context, command, dict(os.environ))


def _in_tools(context: Context, name: str, folder: Path) -> bool:
    tools = context.toolbox.get(name)
    pytest = context.toolbox.get("pytest").folder
    environment = {
        **os.environ,
        **environments.get(name).variables,
        "PYTHONPATH": os.pathsep.join([str(pytest), str(context.root)]),
        **{
            f"EDGEBUILD_TOOLS_{beside.upper()}": str(context.toolbox.get(beside).folder)
            for beside in _BESIDE.get(name, ())
        },
    }
    return _pytest(context, [str(tools.python), "-m", "pytest", str(folder)], environment)


def _pytest(context: Context, command: list[str], environment: Mapping[str, str]) -> bool:
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "junit.xml"
        done = subprocess.run(
            [*command, "-q", "-p", "no:cacheprovider", f"--junitxml={report}"],
            cwd=context.root,
            env=dict(environment),
            check=False,
        )
        skipped = _skipped(report)
    if skipped and environment.get("CI"):
        context.say(f"{len(skipped)} tests were skipped, and with CI set none may be:")
        for line in skipped:
            context.say(f"  {line}")
        return False
    return done.returncode == 0


def _skipped(report: Path) -> list[str]:
    if not report.exists():
        return []
    cases = ET.parse(report).getroot().iter("testcase")
    return [
        f"{case.get('classname')}.{case.get('name')}: {mark.get('message')}"
        for case in cases
        for mark in case.iter("skipped")
    ]
