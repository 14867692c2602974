from __future__ import annotations

from pathlib import Path

import pytest

from edgebuild.toolchains.pip import Pip, PipFailed


def fake(tmp_path: Path, output: str, code: int = 1, wheelhouse: Path | None = None) -> Pip:
    """A pip that prints `output` and exits."""
    (tmp_path / "output").write_text(output)
    script = f"cat {tmp_path}/output; exit {code}"
    return Pip(command=("sh", "-c", script), scratch=tmp_path, wheelhouse=wheelhouse)


def failure(pip: Pip) -> PipFailed:
    with pytest.raises(PipFailed) as caught:
        pip.run("install")
    return caught.value


def test_says_each_wheel_that_is_downloaded(tmp_path: Path) -> None:
    said: list[str] = []
    output = (
        "Collecting numpy==2.4.6\n"
        "  Downloading https://u:p@host/a/numpy-2.4.6-cp311-cp311-linux.whl (16.9 MB)\n"
        "  Downloading other-1.0-py3-none-any.whl.metadata (5 kB)\n"
        "  Using cached other-1.0-py3-none-any.whl (12 kB)\n"
    )
    fake(tmp_path, output, code=0).run("install", say=said.append)
    assert said == ["numpy 2.4.6 (16.9 MB)", "other 1.0 (12 kB)"]


def test_reports_bytes_that_lie_in_its_scratch_folder(tmp_path: Path) -> None:
    (tmp_path / "pip-unpack-x").mkdir()
    (tmp_path / "pip-unpack-x" / "made-1.0-py3-none-any.whl").write_bytes(b"x" * 1234)
    reached: list[int] = []
    fake(tmp_path, "one\n", code=0).run("install", reach=reached.append)
    assert 1234 in reached


def test_network_failure_is_told_from_a_missing_wheel(tmp_path: Path) -> None:
    missing = "ERROR: No matching distribution found for torch==2.13.0+cpu\n"
    offline = f"WARNING: Retrying (Retry(total=4)) after connection broken by ...\n{missing}"
    assert failure(fake(tmp_path, offline)).reason == "network"
    assert failure(fake(tmp_path, missing)).reason == "absent"
    assert failure(fake(tmp_path, missing, wheelhouse=tmp_path)).message == (
        f"the wheel folder {tmp_path} lacks a wheel\n"
        "  | ERROR: No matching distribution found for torch==2.13.0+cpu"
    )


def test_an_unknown_failure_shows_pips_last_lines(tmp_path: Path) -> None:
    output = "".join(f"line {i}\n" for i in range(20))
    lines = "\n".join(f"  | line {i}" for i in range(12, 20))
    assert str(failure(fake(tmp_path, output))) == (
        f"error: `pip install` failed\n{lines}\nhint: the lines above are pip's own"
    )


def test_credentials_of_an_index_are_not_shown(tmp_path: Path) -> None:
    shown = str(failure(fake(tmp_path, "ERROR: 404 for https://me:secret@host/simple\n")))
    assert "https://***@host/simple" in shown
    assert "secret" not in shown


def test_settings_of_the_shell_cannot_redirect_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "kept")
    seen = tmp_path / "seen"
    Pip(command=("sh", "-c", f"env > {seen}"), scratch=tmp_path).run("install")
    names = {line.partition("=")[0] for line in seen.read_text().splitlines()}
    assert "PIP_INDEX_URL" in names
    assert not names & {"PIP_TARGET", "PYTHONPATH"}


def test_with_a_wheel_folder_nothing_else_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/elsewhere")
    seen = tmp_path / "seen"
    script = f'echo "$PIP_CONFIG_FILE $@" > {seen}'
    wheelhouse = tmp_path / "wheels"
    Pip(command=("sh", "-c", script, "sh"), scratch=tmp_path, wheelhouse=wheelhouse).run("install")
    assert seen.read_text().startswith("/dev/null install ")
    assert f"--isolated --no-index --find-links {wheelhouse}" in seen.read_text()
