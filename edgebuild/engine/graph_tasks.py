"""A graph as doit tasks: doit orders and parallelises, the store decides what is fresh."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgebuild.engine.build import Build
from edgebuild.errors import EdgebuildError, disk_error

TOOLS = "tools"


def tasks(build: Build) -> Iterator[dict[str, Any]]:
    """Subtasks of `build`: one for the tools, one a step, one a variant to publish, one for the budget.

    Each step has `uptodate=[restore]` and no `file_dep` or `targets`: doit's own state trusts
    modification times and is lost when it is killed, so it must not matter.
    """
    box, names = build.toolbox, build.environments
    yield _task(TOOLS, lambda: box.provide(names), fresh=lambda: not box.missing(names))
    for name, step in build.graph.steps.items():
        needs = [f"build:{up}" for up in build.graph.upstream(step)] or [f"build:{TOOLS}"]
        yield _task(
            name,
            lambda name=name: build.session.build(name),
            fresh=lambda name=name: build.session.restore(name),
            task_dep=needs,
        )
    for variant in build.graph.variants:
        yield _task(
            f"{variant.name}/publish",
            lambda variant=variant: build.publish(variant),
            task_dep=[f"build:{name}" for name in variant.goals],
        )
    if build.has_budget:
        # It needs what was measured, not that each model is good by itself.
        checks = [name for variant in build.graph.variants for name in variant.checks.values()]
        yield _task(
            f"{build.target}/budget",
            build.publish_budget,
            task_dep=[f"build:{name}" for name in dict.fromkeys(checks)],
        )


def _task(name: str, action: Any, *, fresh: Any = None, task_dep: Any = ()) -> dict[str, Any]:
    def run() -> Any:
        try:
            outcome = action()
        except EdgebuildError as error:
            from doit.exceptions import TaskFailed

            return TaskFailed(str(error))
        except OSError as error:
            from doit.exceptions import TaskFailed

            return TaskFailed(str(disk_error(error)))
        return {"how": getattr(outcome, "how", "")}

    return {
        "name": name,
        "actions": [(run,)],
        "uptodate": [(_safely(fresh),)] if fresh else [False],
        "task_dep": list(task_dep),
        "io": {"capture": False},
        "verbosity": 2,
    }


def _safely(fresh: Any) -> Any:
    """An error in a look-up is not an answer: the step is run and says what is wrong itself."""

    def check() -> bool:
        try:
            return bool(fresh())
        except (EdgebuildError, OSError):
            return False

    return check
