"""A step sees the variables that its kind names as secrets, nobody else's, and keys hold none."""

import dataclasses
import json

import fake_secretive
import pytest

from edgebuild.engine.execute import Executor
from edgebuild.plan.resolve import Surroundings, key, resolve
from edgebuild.settings import from_environment
from edgebuild.step import Step
from edgebuild.store.store import Store
from edgebuild.toolchains import environments
from edgebuild.toolchains.pool import Pool
from edgebuild.toolchains.tools import present

STEP = Step(id="net/source", kind="source/secretive")


def environment(**more):
    return {"EDGEBUILD_HOME": "/home", "PROXY": "a:b@c", "OTHER_TOKEN": "not theirs", **more}


@pytest.fixture
def seen(tmp_path):
    """What a step of the fake kind sees, and its key."""

    def run(kind, variables):
        around = Surroundings(code={STEP.kind: "1"}, tools={"python": "2"}, machine={})
        action = resolve(STEP, kind, {}, around)
        store = Store(tmp_path / "store").open()
        with Pool() as pool:
            execute = Executor(
                store=store,
                pool=pool,
                logs=tmp_path / "logs",
                secrets=from_environment(variables).secrets,
            )
            tools = present(environments.get("python"), tmp_path)
            result = execute(STEP, kind, "fake_secretive", action, tools)
        store.materialise(result.outputs["seen"], tmp_path / "seen.json")
        found = json.loads((tmp_path / "seen.json").read_text())
        (tmp_path / "seen.json").unlink()
        return found, key(action)

    return run


def test_a_step_sees_its_own_secrets_and_no_others(seen, tmp_path):
    file = tmp_path / "token"
    found, _ = seen(fake_secretive.KIND, environment(TOKEN_FILE=str(file)))
    assert found["TOKEN_FILE"] == str(file)
    assert found["PROXY"] == "a:b@c"
    assert "UNSET" not in found
    assert "OTHER_TOKEN" not in found


def test_a_kind_that_names_none_sees_none(seen):
    found, _ = seen(dataclasses.replace(fake_secretive.KIND, secrets={}), environment())
    assert not {"PROXY", "TOKEN_FILE", "OTHER_TOKEN"} & found.keys()


def test_a_file_is_meant_as_the_user_means_it(seen, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.chdir(tmp_path)
    assert seen(fake_secretive.KIND, environment())[0]["TOKEN_FILE"] == str(
        tmp_path / "user/.service/token"
    )
    found, _ = seen(fake_secretive.KIND, environment(TOKEN_FILE="mine/token"))
    assert found["TOKEN_FILE"] == str(tmp_path / "mine/token")


def test_another_token_is_the_same_action(seen):
    _, one = seen(fake_secretive.KIND, environment(TOKEN_FILE="/a"))
    _, other = seen(fake_secretive.KIND, environment(TOKEN_FILE="/b", PROXY="d"))
    assert one == other


def test_settings_do_not_show_the_variables_they_hold():
    assert "not theirs" not in repr(from_environment(environment()))
