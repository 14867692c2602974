"""What a build says of itself: every step is accounted for, and nothing is counted before there is a graph."""

import io
import sys
from types import SimpleNamespace

import pytest

from edgebuild.engine.console import Console, hooks


@pytest.fixture
def console(monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for name, value in (("total", 0), ("complete", None)):
        monkeypatch.setattr(hooks, name, value)
    return Console(io.StringIO(), {})


def task(name):
    return SimpleNamespace(name=f"build:{name}", values={})


def fail(message):
    return SimpleNamespace(traceback=None, message=message, get_msg=lambda: message)


def test_steps_that_nobody_tried_are_counted(console):
    hooks.total, hooks.complete = 5, lambda succeeded: ""
    console.execute_task(task("net/source"))
    console.add_success(task("net/source"))
    console.add_failure(task("net/pack"), fail("error: no"))
    console.complete_run()
    lines = console.out.getvalue().splitlines()
    assert lines[1:3] == ["[2/5] FAILED   net/pack", "error: no"]
    assert lines[3].startswith(
        "FAILED: 1 of 5 failed, 0 could not run, 3 not tried (`doit --continue` does);"
        " 1 built, 0 restored; "
    )


def test_what_fails_before_there_is_a_graph_has_no_count(console):
    console.add_failure(task("manifests"), fail("error: unknown target `x`"))
    console.complete_run()
    assert console.out.getvalue() == "error: unknown target `x`\n"
