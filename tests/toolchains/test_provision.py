from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from edgebuild.toolchains.environments import Environment
from edgebuild.toolchains.licenses import INTEL_OPENVINO, LicenseNotAccepted
from edgebuild.toolchains.pip import PipFailed
from edgebuild.toolchains.provision import ProvisioningFailed, ensure, fill
from edgebuild.toolchains.tools import Tools, place_of, present

ROOT = Path(__file__).parents[2]


def run_python(tools: Tools, code: str) -> str:
    done = subprocess.run(
        [tools.python, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_an_environment_has_what_its_lock_says_and_nothing_else(
    made: Environment, wheels: Path, tmp_path: Path, recorder
) -> None:
    folder = tmp_path / "tools of é"
    tools = ensure(made, folder, accept=frozenset(), wheelhouse=wheels, progress=recorder)
    assert run_python(tools, "import made; print(made.VERSION)") == "1.0"
    assert tools.installed == {"made": "1.0"}
    names = run_python(
        tools, "import importlib.metadata as m; print(*(d.name for d in m.distributions()))"
    )
    assert names == "made"
    assert recorder.lines == [
        f"tool environment `made` (tests): from {wheels}; into {place_of(made, folder)}"
    ]
    assert not (tools.folder / ".scratch").exists()


def test_a_second_call_finds_it_without_the_wheels(
    made: Environment, wheels: Path, tmp_path: Path, recorder
) -> None:
    first = ensure(made, tmp_path, accept=frozenset(), wheelhouse=wheels, progress=recorder)
    (wheels / "made-1.0-py3-none-any.whl").unlink()
    again = ensure(made, tmp_path, accept=frozenset(), wheelhouse=wheels, progress=recorder)
    assert again == first == present(made, tmp_path)
    assert len(recorder.lines) == 1


def test_a_wheel_with_another_hash_is_refused_and_nothing_stays(
    made: Environment, wheels: Path, tmp_path: Path, recorder
) -> None:
    wheel = wheels / "made-1.0-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes() + b"x")
    with pytest.raises(PipFailed) as caught:
        ensure(made, tmp_path, accept=frozenset(), wheelhouse=wheels, progress=recorder)
    text = str(caught.value)
    assert text.startswith(
        "error: tool environment `made`: a wheel is not the one that the lock pins; "
        "nothing was installed\n"
    )
    assert "Expected sha256" in text
    assert "do not use that wheel before you know why" in text
    assert not place_of(made, tmp_path).exists()
    assert present(made, tmp_path) is None


def test_a_wheel_folder_that_lacks_a_wheel_says_how_to_fill_it(
    made: Environment, tmp_path: Path, recorder
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(PipFailed) as caught:
        ensure(made, tmp_path, accept=frozenset(), wheelhouse=empty, progress=recorder)
    assert caught.value.summary == (
        f"tool environment `made`: the wheel folder {empty} lacks a wheel"
    )
    assert caught.value.hint == (
        "on a machine with a network and the same Python and edgebuild, fill it again: "
        "`EDGEBUILD_WHEELS=FOLDER doit tools env=made --fill`"
    )


def test_a_build_that_is_not_the_pinned_one_is_never_taken(
    tmp_path: Path, recorder, make_wheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happens where an index has torch's CUDA build only."""
    make_wheel(tmp_path / "index", "made", "1.0")
    lock = tmp_path / "made.lock"
    lock.write_text(f"made==1.0+cpu --hash=sha256:{'0' * 64}\n")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    made = Environment(name="made", purpose="tests", lock=lock, absent_hint="get the CPU build")
    with pytest.raises(PipFailed) as caught:
        ensure(made, tmp_path, accept=frozenset(), progress=recorder)
    assert caught.value.summary == (
        "tool environment `made`: pip finds no wheel for this Python and machine"
    )
    assert "from versions: 1.0)" in str(caught.value)
    assert caught.value.hint == "get the CPU build"


def test_what_an_index_may_lack_is_asked_for_before_anything_is_downloaded(
    tmp_path: Path, recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgebuild.toolchains import pip

    hashes = f"    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{'1' * 64}\n"
    lock = tmp_path / "made.lock"
    lock.write_text(f"able==1.0 \\\n{hashes}    # via x\nmade==1.0 ; x == 'y' \\\n{hashes}")
    made = Environment(name="made", purpose="tests", lock=lock, scarce=("made",))
    # A pip that shows the first of the files with what is to be installed.
    script = 'for w; do case $w in --req*=*) sed s/^/ERROR:/ "${w#*=}"; exit 1; esac; done'
    monkeypatch.setattr(pip, "find", lambda: ("sh", "-c", script, "sh"))
    with pytest.raises(PipFailed) as caught:
        ensure(made, tmp_path, accept=frozenset(), progress=recorder)
    assert caught.value.output == (
        "ERROR:made==1.0 ; x == 'y' \\",
        f"ERROR: --hash=sha256:{'0' * 64} \\",
        f"ERROR: --hash=sha256:{'1' * 64}",
    )


def test_a_licence_comes_before_anything_else(
    made: Environment, wheels: Path, tmp_path: Path, recorder
) -> None:
    closed = dataclasses.replace(made, license=INTEL_OPENVINO)
    folder = tmp_path / "tools"
    with pytest.raises(LicenseNotAccepted, match="EDGEBUILD_ACCEPT_LICENSES=intel-openvino"):
        ensure(closed, folder, accept=frozenset(), wheelhouse=wheels, progress=recorder)
    with pytest.raises(LicenseNotAccepted):
        fill(closed, folder, accept=frozenset(), progress=recorder)
    assert not folder.exists()
    accept = frozenset({"intel-openvino"})
    ensure(closed, folder, accept=accept, wheelhouse=wheels, progress=recorder)
    # Accepted once: who made it accepted it.
    ensure(closed, folder, accept=frozenset(), wheelhouse=wheels, progress=recorder)


def test_unzipped_wheels_lie_side_by_side_and_run_in_the_main_python(
    made: Environment, wheels: Path, tmp_path: Path, recorder
) -> None:
    unzipped = dataclasses.replace(made, form="unzipped")
    tools = ensure(unzipped, tmp_path, accept=frozenset(), wheelhouse=wheels, progress=recorder)
    assert (tools.folder / "made.py").read_text() == "VERSION = '1.0'\n"
    assert tools.python == Path(sys.executable)
    assert tools.installed == {"made": "1.0"}
    assert present(unzipped, tmp_path) == tools


def test_a_folder_filled_before_is_all_it_takes(
    made: Environment, wheels: Path, tmp_path: Path, recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", wheels.as_uri())  # split at spaces
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    fill(made, tmp_path / "filled", accept=frozenset(), progress=recorder)
    assert [p.name for p in (tmp_path / "filled").iterdir()] == ["made-1.0-py3-none-any.whl"]
    (wheels / "made-1.0-py3-none-any.whl").unlink()
    tools = ensure(
        made, tmp_path, accept=frozenset(), wheelhouse=tmp_path / "filled", progress=recorder
    )
    assert tools.installed == {"made": "1.0"}


def test_packages_must_fit_together_but_for_what_is_left_out(
    tmp_path: Path, recorder, make_wheel
) -> None:
    sha256 = make_wheel(tmp_path / "wheels", "made", "1.0", "tele_metry>=2")
    lock = tmp_path / "made.lock"
    lock.write_text(f"made==1.0 --hash=sha256:{sha256}\n")
    made = Environment(name="made", purpose="tests", lock=lock)
    wheels = tmp_path / "wheels"
    with pytest.raises(PipFailed) as caught:
        ensure(made, tmp_path, accept=frozenset(), wheelhouse=wheels, progress=recorder)
    assert str(caught.value) == (
        "error: tool environment `made`: its packages do not fit together\n"
        "  | made 1.0 requires tele-metry, which is not installed.\n"
        "hint: this is a fault of edgebuild's lock file, please report it"
    )
    lean = dataclasses.replace(made, left_out=("tele-metry",))
    ensure(lean, tmp_path, accept=frozenset(), wheelhouse=wheels, progress=recorder)


def test_a_machine_it_cannot_run_on_is_told_before_the_download(
    made: Environment, tmp_path: Path, recorder
) -> None:
    foreign = dataclasses.replace(made, machines=("amiga-68k",))
    with pytest.raises(ProvisioningFailed, match="cannot run on this machine"):
        ensure(foreign, tmp_path, accept=frozenset(), progress=recorder)


def test_a_library_the_system_lacks_is_named_with_its_package_before_the_download(
    made: Environment, tmp_path: Path, recorder
) -> None:
    libraries = {"libc.so.6": "libc6", "libnowhere.so.1": "libnowhere1"}
    needy = dataclasses.replace(made, libraries=libraries)
    with pytest.raises(ProvisioningFailed) as caught:
        ensure(needy, tmp_path, accept=frozenset(), progress=recorder)
    assert str(caught.value) == (
        "error: tool environment `made` needs libnowhere.so.1, which this system lacks\n"
        "hint: install what has it: `apt-get install libnowhere1` on Debian and Ubuntu"
    )
    assert not recorder.lines


def test_a_folder_that_cannot_be_written_is_an_error_with_a_hint(
    made: Environment, wheels: Path, tmp_path: Path, recorder
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProvisioningFailed, match="cannot be made") as caught:
        ensure(made, tmp_path / "file", accept=frozenset(), wheelhouse=wheels, progress=recorder)
    assert caught.value.hint == "check that the folder for tools is writable and its disk has room"


def test_a_python_without_pip_makes_itself_one(
    made: Environment, wheels: Path, tmp_path: Path, recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgebuild.toolchains import pip

    monkeypatch.setattr(pip, "find", lambda: None)
    tools = ensure(made, tmp_path, accept=frozenset(), wheelhouse=wheels, progress=recorder)
    assert tools.installed == {"made": "1.0"}
    assert sorted(p.name for p in tools.folder.glob(".*")) == []


def start(script: str, made: Environment, wheels: Path, folder: Path) -> subprocess.Popen[str]:
    """A process that provisions `made` after `script` has changed something in edgebuild."""
    body = f"""
        import sys, time
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from edgebuild.toolchains import pip, provision
        from edgebuild.toolchains.environments import Environment
        from edgebuild.toolchains.progress import Silent
        made = Environment(name="made", purpose="tests", lock=Path({str(made.lock)!r}))
        {textwrap.dedent(script).strip()}
        provision.ensure(made, Path({str(folder)!r}), accept=frozenset(),
                         wheelhouse=Path({str(wheels)!r}), progress=Silent())
        """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(body)], stdout=subprocess.PIPE, text=True
    )


def test_what_an_interrupted_run_left_is_thrown_away(
    made: Environment, wheels: Path, tmp_path: Path, recorder
) -> None:
    # Killed after pip has installed everything, before the marker.
    script = "provision._reported = lambda report: (print('there', flush=True), time.sleep(60))"
    with start(script, made, wheels, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        process.kill()
    place = place_of(made, tmp_path)
    assert (place / "bin" / "python").exists()
    (place / "left-over").write_text("")
    assert present(made, tmp_path) is None
    tools = ensure(made, tmp_path, accept=frozenset(), wheelhouse=wheels, progress=recorder)
    assert tools.installed == {"made": "1.0"}
    assert not (place / "left-over").exists()


def test_a_pip_that_outlives_its_build_keeps_others_out(
    made: Environment, wheels: Path, tmp_path: Path, recorder
) -> None:
    pid_file = tmp_path / "pid"
    command = f"echo $$ > {pid_file}; echo there >&2; exec sleep 60"
    script = f"pip.find = lambda: ('sh', '-c', {command!r})"
    with start(script, made, wheels, tmp_path) as process:
        while not pid_file.exists() or not pid_file.read_text().strip():
            time.sleep(0.01)
        process.kill()
    results: list[Tools] = []

    def provision() -> None:
        results.append(
            ensure(made, tmp_path, accept=frozenset(), wheelhouse=wheels, progress=recorder)
        )

    thread = threading.Thread(target=provision)
    thread.start()
    try:
        until = time.monotonic() + 10
        while not recorder.lines and time.monotonic() < until:
            time.sleep(0.01)
        assert recorder.lines == [
            f"waiting for another build that is making {place_of(made, tmp_path).name}"
        ]
        assert results == []
    finally:
        os.kill(int(pid_file.read_text()), signal.SIGKILL)
        thread.join()
    assert results[0].installed == {"made": "1.0"}


def test_two_at_once_make_it_once(
    made: Environment, wheels: Path, tmp_path: Path, recorder
) -> None:
    found: list[Tools] = []

    def provision() -> None:
        found.append(
            ensure(made, tmp_path, accept=frozenset(), wheelhouse=wheels, progress=recorder)
        )

    threads = [threading.Thread(target=provision) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]
    name = place_of(made, tmp_path).name
    assert sorted(line.split(" ")[0] for line in recorder.lines) == ["tool", "waiting"]
    assert f"waiting for another build that is making {name}" in recorder.lines
