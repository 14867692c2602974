"""edgebuild's verbs as doit tasks: what a dodo.py imports and what the `edgebuild` command runs.

One implementation, two thin faces. `doit list` shows the tasks; `name=value` arguments are doit's own
variables.
"""

from __future__ import annotations

import datetime
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from doit import create_after, get_var

from edgebuild.engine.console import Console, hooks
from edgebuild.errors import EdgebuildError, disk_error, suggest

__all__ = [
    "DOIT_CONFIG", "task_bench", "task_build", "task_check", "task_diff", "task_explain",
    "task_freeze", "task_fsck", "task_gc", "task_kinds", "task_lint", "task_new", "task_plan",
    "task_report", "task_schema", "task_show", "task_test", "task_tools", "task_train",
]  # fmt: skip

# doit's own state is not used (the store decides), so it lives in memory and cannot be torn.
DOIT_CONFIG = {
    "default_tasks": ["show"],
    "backend": "sqlite3",
    "dep_file": ":memory:",
    "par_type": "thread",
    "reporter": Console,
    "verbosity": 2,
}

_VARIABLES = ("target", "model", "step", "kind", "file", "scale", "only", "env", "of", "format")


@create_after(executed=None)  # type: ignore[untyped-decorator]
def task_build() -> Iterator[dict[str, Any]]:
    """build, verify and publish the models of a target: doit build target=NAME [model=NAME]"""
    try:
        yield from _build_tasks()
    except (EdgebuildError, OSError) as error:
        text = str(disk_error(error) if isinstance(error, OSError) else error)
        yield {"name": "manifests", "actions": [lambda: _failed(text)], "io": {"capture": False}}


def task_show() -> dict[str, Any]:
    """models by targets with their last verdicts"""
    return _verb("show")


def task_kinds() -> dict[str, Any]:
    """sources, passes, backends, checks and metrics, or the manual page of one: kind=NAME"""
    return _verb("kinds", "kind")


def task_check() -> dict[str, Any]:
    """validate every manifest; all problems at once, each with file:line:column"""
    return _verb("check")


def task_plan() -> dict[str, Any]:
    """what a build would run or restore, and why: target=NAME [model=NAME]"""
    return _verb("plan", "target", "model")


def task_explain() -> dict[str, Any]:
    """what changed since the recorded build: target=NAME [model=NAME] [step=ID]"""
    return _verb("explain", "target", "model", "step")


def task_report() -> dict[str, Any]:
    """where the reports of a target are, with their verdicts: target=NAME"""
    return _verb("report", "target", "model")


def task_diff() -> dict[str, Any]:
    """what changed between two builds, releases or reports, regressions first: A B [format=json]"""
    return _verb("diff", "format", words="paths")


def task_freeze() -> dict[str, Any]:
    """record the contracts of a model as released: model=NAME"""
    return _verb("freeze", "model")


def task_train() -> dict[str, Any]:
    """reproduce the weights of a model of our own: model=NAME"""
    return _verb("train", "model", options=("again",))


def task_tools() -> dict[str, Any]:
    """install the tool environments of a target, or fill a wheel folder: target=NAME | env=NAME"""
    return _verb("tools", "target", "env", options=("fill",))


def task_gc() -> dict[str, Any]:
    """remove from the store what no build needs any more, and outdated tools nobody uses"""
    return _verb("gc")


def task_fsck() -> dict[str, Any]:
    """verify everything in the store; --repair removes what is damaged, builds bring it back"""
    return _verb("fsck", options=("repair",))


def task_new() -> dict[str, Any]:
    """write a manifest for an ONNX file that builds at once: model=NAME file=PATH.onnx [target=NAME]"""
    return _verb("new", "model", "file", "target")


def task_schema() -> dict[str, Any]:
    """print the JSON Schema of the manifests, for editors, or of report.json: [of=report]"""
    return _verb("schema", "of")


def task_test() -> dict[str, Any]:
    """edgebuild's own tests, in each tool environment: [only=NAME]"""
    return _verb("test", "only")


def task_lint() -> dict[str, Any]:
    """ruff, mypy --strict and the layer contract over edgebuild itself"""
    return _verb("lint")


def task_bench() -> dict[str, Any]:
    """measure edgebuild against what a user would use instead: [only=NAME] [scale=STEPS]"""
    return _verb("bench", "only", "scale")


# ------------------------------------------------------------------------------ build


def _build_tasks() -> Iterator[dict[str, Any]]:
    """One trivial task if nothing has changed; else the graph of the target, a task a step."""
    from edgebuild.engine import noop
    from edgebuild.engine.abilities import circumstances

    _refuse_unknown_variables()
    target, model = get_var("target"), get_var("model")
    if not target:
        raise EdgebuildError(
            "say which target to build", hint="doit build target=NAME; `doit show` lists them"
        )
    for name in filter(None, (target, model)):
        # They become parts of paths before a manifest has confirmed them.
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
            raise EdgebuildError(
                f"`{name}` cannot be a name", hint="`doit show` lists targets and models"
            )
    from edgebuild.settings import from_environment

    settings = from_environment(os.environ)
    root = Path.cwd()
    today = datetime.date.today()
    done = noop.path(root / ".edgebuild", target, model)
    context = noop.context(target, model, str(settings.home), circumstances(settings.variables))

    def clean() -> None:
        """`doit clean build target=...`: what was published; the store keeps it for the next build."""
        shutil.rmtree(root / "artifacts" / target / (model or ""), ignore_errors=True)
        done.unlink(missing_ok=True)

    summary = noop.check(done, context, today=today.isoformat())
    if summary is not None:
        hooks.complete = lambda _succeeded: f"nothing to do, {summary}"
        yield {"name": "nothing-to-do", "actions": None, "uptodate": [True], "clean": [clean]}
        return
    yield {"name": "artifacts", "actions": None, "clean": [clean]}
    yield from _expanded(root, settings, target, model, today)


def _expanded(
    root: Path, settings: Any, target: str, model: str | None, today: datetime.date
) -> Iterator[dict[str, Any]]:
    from edgebuild import verbs
    from edgebuild.engine import graph_tasks

    context = verbs.Context(root=root, settings=settings, out=sys.stdout)
    build = context.build(target, model, today)

    def complete(succeeded: bool) -> str:
        try:
            return build.finish(succeeded=succeeded)
        except OSError as error:
            return f"done, but not recorded: {error.strerror}: {error.filename}"
        finally:
            build.close()

    hooks.complete = complete
    tasks = list(graph_tasks.tasks(build))
    hooks.total = len(tasks)
    yield from tasks


# ------------------------------------------------------------------------------ verbs


def _verb(
    name: str, *variables: str, options: tuple[str, ...] = (), words: str | None = None
) -> dict[str, Any]:
    """A task that runs `edgebuild.verbs.<name>`, imported when it runs. `words` is what it calls the
    plain words behind it."""

    def action(**chosen: Any) -> Any:
        from importlib import import_module

        from edgebuild import verbs
        from edgebuild.settings import from_environment

        try:
            _refuse_unknown_variables()
            context = verbs.Context(
                root=Path.cwd(), settings=from_environment(os.environ), out=sys.stdout
            )
            values = {v: get_var(v) for v in variables}
            if words:
                chosen[words] = chosen.get(words) or ()
            ok = import_module(f"edgebuild.verbs.{name}").run(context, **values, **chosen)
        except EdgebuildError as error:
            return _failed(str(error))
        except BrokenPipeError:  # `doit ... | head`: the reader has what it wanted
            return True
        except OSError as error:
            return _failed(str(disk_error(error)))
        return True if ok else _failed("")

    flags = [
        {"name": _PYTHON.get(o, o), "long": o, "type": bool, "default": False} for o in options
    ]
    return {
        "actions": [(action,)],
        "params": flags,
        "pos_arg": words,
        "uptodate": [False],
        "io": {"capture": False},
        "verbosity": 2,
    }


# An option's name as an argument, where the word itself is taken.
_PYTHON = {"fill": "fill_wheels"}


def _failed(text: str) -> Any:
    from doit.exceptions import TaskFailed

    return TaskFailed(text)


def _refuse_unknown_variables() -> None:
    from doit import doit_cmd

    for name in doit_cmd._CMDLINE_VARS or {}:
        if name not in _VARIABLES:
            near = suggest(name, _VARIABLES)
            raise EdgebuildError(
                f"unknown variable `{name}=`",
                hint=f"did you mean `{near}=`?" if near else f"known: {', '.join(_VARIABLES)}",
            )
