"""The `edgebuild` command: the same verbs where there is no dodo.py."""

import subprocess
import sys

import pytest
from textproject import environment, write


@pytest.fixture
def place(tmp_path):
    write(tmp_path, {"net": "text"})
    (tmp_path / "dodo.py").unlink()
    return tmp_path


def edgebuild(place, *words):
    return subprocess.run(
        [sys.executable, "-m", "edgebuild.cli", *words],
        cwd=place,
        env=environment(place / "home"),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_builds_without_a_dodo_file(place):
    run = edgebuild(place, "build", "target=board")
    assert run.returncode == 0, run.stdout + run.stderr
    assert (place / "artifacts/board/net/model.upper").read_text() == "TEXT"
    assert "nothing to do" in edgebuild(place, "build", "target=board").stdout


def test_init_writes_a_dodo_file_that_doit_takes(place):
    assert edgebuild(place, "init").returncode == 0
    run = subprocess.run(
        [sys.executable, "-m", "doit", "check"],
        cwd=place, env=environment(place / "home"), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stdout) == (0, "ok: 1 models, 1 targets\n")
    assert "left as it is" in edgebuild(place, "init").stdout


def test_every_verb_and_setting_is_in_the_readme():
    from pathlib import Path

    from edgebuild import settings, tasks

    readme = (Path(tasks.__file__).parents[1] / "README.md").read_text()
    for name in tasks.__all__:
        if name.startswith("task_"):
            assert f"doit {name.removeprefix('task_')}" in readme, name
    for line in settings.Settings.__doc__.splitlines():
        word = line.split()[0] if line.split() else ""
        if word.startswith("EDGEBUILD_"):
            assert word in readme, word
