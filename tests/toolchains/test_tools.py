from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from edgebuild.toolchains import environments
from edgebuild.toolchains.environments import Environment
from edgebuild.toolchains.tools import Wheel, place_of, present, record

WHEEL = Wheel(name="made", version="1.0", sha256="0" * 64)


def unzipped(tmp_path: Path, lock: str = "made==1.0\n") -> Environment:
    path = tmp_path / "made.lock"
    path.write_text(lock)
    return Environment(name="made", purpose="tests", form="unzipped", lock=path)


def laid_out(environment: Environment, folder: Path) -> Path:
    place = place_of(environment, folder)
    (place / "made-1.0.dist-info").mkdir(parents=True)
    return place


def test_the_main_python_is_always_present(tmp_path: Path) -> None:
    tools = present(environments.get("python"), tmp_path)
    assert tools is not None
    assert tools.python == Path(sys.executable)
    assert tools.installed == {}


def test_nothing_counts_before_it_is_recorded(tmp_path: Path) -> None:
    environment = unzipped(tmp_path)
    assert present(environment, tmp_path) is None
    place = laid_out(environment, tmp_path)
    assert present(environment, tmp_path) is None
    tools = record(environment, place, [WHEEL])
    assert present(environment, tmp_path) == tools


def test_a_torn_marker_does_not_count(tmp_path: Path) -> None:
    environment = unzipped(tmp_path)
    place = laid_out(environment, tmp_path)
    record(environment, place, [WHEEL])
    marker = place / "edgebuild-environment.json"
    whole = marker.read_bytes()
    for length in range(len(whole)):
        marker.write_bytes(whole[:length])
        assert present(environment, tmp_path) is None
    marker.write_bytes(whole.replace(b'"1.0"', b'"1.1"'))
    assert present(environment, tmp_path) is None


def test_a_package_added_by_hand_is_noticed(tmp_path: Path) -> None:
    environment = unzipped(tmp_path)
    place = laid_out(environment, tmp_path)
    record(environment, place, [WHEEL])
    (place / "more-2.0.dist-info").mkdir()
    assert present(environment, tmp_path) is None


def test_the_digest_covers_the_lock_and_the_wheels_but_not_the_folder(tmp_path: Path) -> None:
    environment = unzipped(tmp_path)
    tools = [record(environment, laid_out(environment, tmp_path / name), [WHEEL]) for name in "ab"]
    assert tools[0].digest == tools[1].digest
    other_wheel = Wheel(name="made", version="1.0", sha256="1" * 64)
    other = record(environment, place_of(environment, tmp_path / "a"), [other_wheel])
    assert other.digest != tools[0].digest
    before = place_of(environment, tmp_path)
    loud = dataclasses.replace(environment, variables={"LEVEL": "1"})
    assert place_of(loud, tmp_path) == before
    found = present(loud, tmp_path / "b")
    assert found is not None
    assert found.digest != tools[1].digest
    changed = unzipped(tmp_path, lock="made==1.0 # changed\n")
    assert place_of(changed, tmp_path) != before
