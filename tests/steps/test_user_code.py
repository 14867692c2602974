"""A project's own files are imported by their names, each as the manifest names it."""

from pathlib import Path

import pytest

from edgebuild.step import Call
from edgebuild.steps import user_code
from edgebuild.steps.user_code import UserCodeError


def call(folder, **files):
    """`a/data.py` at port `file`, more at `modules.0`, ...; each given as (path, text)."""
    inputs = {}
    for port, (path, text) in files.items():
        place = folder / "in" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        inputs[port.replace("_", ".")] = place
    (folder / "work").mkdir()
    return Call(
        params=None, facts={}, inputs=inputs, outputs={}, folder=folder / "work", tools=Path()
    )  # fmt: skip


def test_a_file_imports_its_modules_wherever_they_lie(tmp_path):
    made = call(
        tmp_path,
        file=("a/pictures.py", "from shades import GREY\ndef f():\n    return GREY\n"),
        modules_0=("b/shades.py", "GREY = 7\n"),
    )
    with user_code.attribute(made, "f") as function:
        assert function() == 7


def test_a_file_may_be_named_twice(tmp_path):
    text = "def f():\n    return 1\n"
    made = call(tmp_path, file=("a/pictures.py", text), modules_0=("b/pictures.py", text))
    with user_code.attribute(made, "f") as function:
        assert function() == 1


def test_two_files_of_one_name_are_refused(tmp_path):
    """One would take the other's place, and the wrong function would be called."""
    made = call(
        tmp_path,
        file=("a/pictures.py", "def f():\n    return 'the one that was asked for'\n"),
        modules_0=("b/pictures.py", "def f():\n    return 'another'\n"),
    )
    with pytest.raises(UserCodeError) as caught, user_code.attribute(made, "f"):
        pass
    assert str(caught.value) == (
        "error: two of the step's Python files are called pictures.py, from whatever folders they come\n"
        "hint: they are imported by their names alone, so give one of them another"
    )
