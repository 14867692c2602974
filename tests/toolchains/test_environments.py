from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgebuild.toolchains import environments
from edgebuild.toolchains.environments import ENVIRONMENTS, UnknownEnvironment

LOCKED = [e for e in ENVIRONMENTS.values() if e.lock is not None]
LOCKS = Path(environments.__file__).parent / "locks"


def requirements(lock: Path) -> list[str]:
    return lock.read_text().replace("\\\n", " ").splitlines()


@pytest.mark.parametrize("environment", LOCKED, ids=lambda e: e.name)
def test_every_requirement_is_one_version_with_hashes(environment) -> None:
    assert environment.lock is not None
    lines = [line for line in requirements(environment.lock) if line.partition("#")[0].strip()]
    assert lines
    for line in lines:
        assert re.match(r"[a-z0-9-]+==\S+ +(; .+?)?(--hash=sha256:[0-9a-f]{64}\s*)+$", line), line


@pytest.mark.parametrize("environment", LOCKED, ids=lambda e: e.name)
def test_a_lock_pins_what_its_source_asks_for(environment) -> None:
    assert environment.lock is not None
    source = environment.lock.with_suffix(".in").read_text()
    asked = {line.strip() for line in source.splitlines() if not line.startswith("#")}
    pinned = {re.split(r"\s*(?:--hash|$)", line)[0] for line in requirements(environment.lock)}
    assert asked <= {" ".join(line.split()) for line in pinned}
    assert source.startswith("# uv pip compile ")


def test_locks_name_no_place_to_download_from() -> None:
    for path in LOCKS.iterdir():
        assert "://" not in path.read_text(), path.name
        for line in path.read_text().splitlines():
            assert not line.startswith(("-", "/")), f"{path.name}: {line}"


def test_torch_can_never_be_the_cuda_build_on_linux() -> None:
    lines = requirements(LOCKS / "torch.lock")
    (linux,) = [x for x in lines if x.startswith("torch==") and "sys_platform == 'linux'" in x]
    assert linux.startswith("torch==2.13.0+cpu ")
    assert not [x for x in lines if x.startswith(("nvidia", "triton", "cuda"))]


def test_unknown_name_has_a_suggestion() -> None:
    with pytest.raises(UnknownEnvironment) as caught:
        environments.get("openvinno")
    assert str(caught.value) == (
        "error: unknown tool environment `openvinno`\nhint: did you mean `openvino`?"
    )
