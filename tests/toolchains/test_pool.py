from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgebuild.toolchains import environments
from edgebuild.toolchains.environments import Environment
from edgebuild.toolchains.pool import Done, Job, Pool, WorkerBroken
from edgebuild.toolchains.tools import Tools, present

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIBRARY = "import os\nLOADED_BY = os.getpid()\n"
THREAD = """
import threading, time
threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
"""

# Stand-ins for numpy and torch: generators that are seeded by chance on import.
RANDOM = """
import random, sys, types
for name, method in (("numpy.random", "seed"), ("torch", "manual_seed")):
    generator = random.Random()
    module = types.ModuleType(name)
    setattr(module, method, generator.seed)
    module.draw = generator.random
    sys.modules[name] = module
"""


@pytest.fixture(autouse=True)
def _kinds_can_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE)


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool() as pool:
        yield pool


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    found = present(environments.get("python"), tmp_path)
    assert found is not None
    return found


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., Job]:
    def make(act: str, name: str = "a", **given: Any) -> Job:
        folder = tmp_path / f"work-{name}"
        folder.mkdir(exist_ok=True)
        fields: dict[str, Any] = {
            "kind_module": "made_step",
            "params": {"act": act, "values": given.pop("values", [])},
            "facts": {},
            "inputs": {},
            "outputs": {"out": str(tmp_path / f"out-{name}")},
            "folder": str(folder),
            "log": str(tmp_path / f"log-{name}"),
            "time_limit_s": 30,
        }
        return Job(**{**fields, **given})

    return make


def told(job: Job) -> dict[str, Any]:
    return json.loads(Path(job.outputs["out"]).read_text())


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(pids: list[int], limit_s: float) -> bool:
    until = time.monotonic() + limit_s
    while any(alive(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def appears(path: Path) -> list[int]:
    until = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < until, f"{path} was not written"
        time.sleep(0.005)
    return json.loads(path.read_text())


def with_library(tmp_path: Path, source: str) -> tuple[Pool, Tools]:
    """An environment of its own whose worker preloads `made_library`."""
    folder = tmp_path / "env"
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "made_library.py").write_text(source)
    environment = Environment(name="made", purpose="tests", preload=("made_library",))
    tools = Tools(
        name="made", folder=folder, python=folder / "bin" / "python", digest="0", installed={}
    )
    return Pool({"made": environment}), tools


def test_a_worker_that_was_warmed_is_the_one_that_runs_the_job(pool, tools, tmp_path):
    pool.warm([tools])
    until = time.monotonic() + 30
    while not pool._links and time.monotonic() < until:
        time.sleep(0.01)
    (link,) = pool._links.values()
    assert pool._link(tools) is link


def test_a_step_reads_its_inputs_and_writes_its_outputs(pool, tools, job, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("content")
    copy = job("copy", inputs={"in": str(tmp_path / "in")})
    done = pool.run(tools, copy)
    assert done.status == "ok"
    assert done.error is None
    assert done.mode == "fork"
    assert 0 < done.seconds < 30
    assert done.max_rss_bytes > 1_000_000
    assert Path(copy.outputs["out"]).read_text() == "content"


def test_a_step_sees_what_is_declared_and_nothing_else(
    pool, tools, job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    loose = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (loose[1], loose[1]))
    umask = os.umask(0o077)
    tell = job("tell", values=[1, 2], facts={"a": [1]}, threads=2)
    try:
        assert pool.run(tools, tell).status == "ok"
    finally:
        os.umask(umask)
        resource.setrlimit(resource.RLIMIT_CORE, loose)
    seen = told(tell)
    assert seen["params"] == ["tell", [1, 2]]
    assert seen["facts"] == {"a": [1]}
    assert seen["threads"] == 2
    assert seen["tools"] == str(tools.folder)
    assert seen["environment"] == {
        "PATH": f"{tools.folder}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": tell.folder,
        "TMPDIR": tell.folder,
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "NUMEXPR_NUM_THREADS": "1",
    }
    assert seen["folder"] == seen["cwd"] == tell.folder
    assert seen["stdin"] == ""
    assert seen["umask"] == 0o022
    assert seen["core"] == 0
    assert seen["session"]
    # stdin, log twice, the pipe to the worker, and the folder that is being listed
    assert seen["descriptors"] == 5
    assert "rich" not in seen["modules"]


def test_an_allowed_variable_is_there_before_anything_is_imported(pool, tools, job) -> None:
    tell = job("tell", environment={"ONEDNN_MAX_CPU_ISA": "AVX2"})
    done = pool.run(tools, tell)
    assert (done.status, done.mode) == ("ok", "fresh")
    assert told(tell)["environment"]["ONEDNN_MAX_CPU_ISA"] == "AVX2"
    assert told(tell)["descriptors"] == 5


def test_hashes_are_the_same_in_every_process(tools, job) -> None:
    hashes = set()
    for environment in ({}, {"X": "1"}):
        with Pool() as pool:
            tell = job("tell", environment=environment)
            assert pool.run(tools, tell).status == "ok"
            hashes.add(told(tell)["hash"])
    assert len(hashes) == 1


def test_random_numbers_are_the_same_in_every_process(job, tmp_path) -> None:
    """Libraries that are preloaded are seeded as well, whatever they did on import."""
    pool, tools = with_library(tmp_path, RANDOM)
    drawn = set()
    with pool:
        for environment in ({}, {}, {"X": "1"}):
            draw = job("draw", environment=environment)
            assert pool.run(tools, draw).status == "ok"
            drawn.add(Path(draw.outputs["out"]).read_text())
    assert len(drawn) == 1


def test_the_log_has_all_that_was_printed_in_order(pool, tools, job) -> None:
    for environment in ({}, {"X": "1"}):
        speak = job("speak", environment=environment)
        assert pool.run(tools, speak).status == "ok"
        assert Path(speak.log).read_text() == "first\nsecond\nthird\nfourth\nfifth"


def test_an_error_for_the_user_arrives_whole(pool, tools, job) -> None:
    refuse = job("refuse")
    done = pool.run(tools, refuse)
    assert (done.status, done.exit_code, done.signal) == ("error", 1, 0)
    assert done.error == {
        "type": "EdgebuildError",
        "message": "too far",
        "fields": {"limit": "3"},
        "hint": "go nearer",
    }
    assert "Traceback" in Path(refuse.log).read_text()


def test_another_exception_is_named_and_its_traceback_is_in_the_log(pool, tools, job) -> None:
    fail = job("fail")
    done = pool.run(tools, fail)
    assert done.status == "error"
    assert done.error == {"type": "ValueError", "message": "ValueError: what\nhappened"}
    assert "made_step.py" in Path(fail.log).read_text()


def test_ending_early_is_never_success(pool, tools, job) -> None:
    assert pool.run(tools, job("leave")).error == {"type": "SystemExit", "message": "SystemExit: 0"}
    vanished = pool.run(tools, job("vanish"))
    assert vanished.status == "error"
    assert vanished.error == {"type": "Exit", "message": "the process ended before the step did"}


def test_a_crash_is_told_by_its_signal(pool, tools, job) -> None:
    for environment in ({}, {"X": "1"}):
        done = pool.run(tools, job("crash", environment=environment))
        assert (done.status, done.signal) == ("error", signal.SIGSEGV)
    assert pool.run(tools, job("quick")).status == "ok"


def test_a_job_that_cannot_start_is_an_error(pool, tools, job) -> None:
    done = pool.run(tools, job("quick", folder="/no/such/folder"))
    assert done.status == "error"
    assert done.error is not None
    assert done.error["type"] == "FileNotFoundError"


def test_libraries_of_the_main_environment_are_out_of_reach(pool, tools, job, tmp_path) -> None:
    import rich  # noqa: F401 - it is there

    done = pool.run(tools, job("need_rich"))
    assert done.error == {
        "type": "ModuleNotFoundError",
        "message": "ModuleNotFoundError: No module named 'rich'",
    }
    own, made = with_library(tmp_path, LIBRARY)
    with own:
        assert own.run(made, job("need_rich")).error == done.error


def test_a_step_is_forked_from_a_worker_that_has_the_libraries_loaded(job, tmp_path) -> None:
    pool, tools = with_library(tmp_path, LIBRARY)
    loaded_by = set()
    with pool:
        for _ in range(3):
            preloaded = job("preloaded")
            assert pool.run(tools, preloaded).mode == "fork"
            loaded_by.add(Path(preloaded.outputs["out"]).read_text())
    assert len(loaded_by) == 1


def test_variables_that_a_library_sets_on_import_do_not_reach_the_step(job, tmp_path) -> None:
    pool, tools = with_library(tmp_path, "import os\nos.environ['ADDED'] = '1'\n")
    with pool:
        for environment in ({}, {"X": "1"}):
            tell = job("tell", environment=environment)
            assert pool.run(tools, tell).status == "ok"
            assert "ADDED" not in told(tell)["environment"]


def test_a_library_that_starts_a_thread_means_fresh_interpreters(job, tmp_path) -> None:
    pool, tools = with_library(tmp_path, LIBRARY + THREAD)
    loaded_by = set()
    with pool:
        for _ in range(2):
            preloaded = job("preloaded")
            done = pool.run(tools, preloaded)
            assert (done.status, done.mode) == ("ok", "fresh")
            loaded_by.add(Path(preloaded.outputs["out"]).read_text())
    assert len(loaded_by) == 2


def test_an_environment_that_cannot_be_loaded_says_so(job, tmp_path) -> None:
    pool, tools = with_library(tmp_path, "import no_such_library\n")
    with pool, pytest.raises(WorkerBroken) as caught:
        pool.run(tools, job("quick"))
    assert str(caught.value) == (
        "error: tool environment `made` does not work: "
        "ModuleNotFoundError: No module named 'no_such_library'\n"
        f"  folder  {tools.folder}\n"
        "hint: remove that folder; the environment is then made again"
    )


def test_an_environment_that_was_edited_runs_nothing(job, tmp_path) -> None:
    """Its digest says what was installed; a result of anything else would be found again under it."""
    pool, tools = with_library(tmp_path, "import json\n")
    marker = tools.folder / "edgebuild-environment.json"
    (library,) = tools.folder.glob("lib/python*/site-packages/made_library.py")
    (library.parent / "__pycache__").mkdir()
    marker.touch()
    later = marker.stat().st_mtime_ns + 1
    for allowed in (library.parent / "__pycache__/made_library.pyc", tmp_path / "beside"):
        allowed.touch()
        os.utime(allowed, ns=(later, later))
    with pool:
        assert pool.run(tools, job("quick")).status == "ok"
    os.utime(library, ns=(later, later))
    with Pool(pool._environments) as again, pytest.raises(WorkerBroken) as caught:
        again.run(tools, job("quick"))
    assert str(caught.value) == (
        "error: tool environment `made` was changed after it was made\n"
        f"  changed  {library}\n"
        f"  folder   {tools.folder}\n"
        "hint: remove that folder; the environment is then made again"
    )


def test_steps_may_use_threads_themselves(pool, tools, job) -> None:
    assert pool.run(tools, job("thread")).status == "ok"


def test_two_steps_run_at_the_same_time(pool, tools, job) -> None:
    done: dict[str, Done] = {}

    def run(name: str, other: str) -> None:
        done[name] = pool.run(tools, job("meet", name, facts={"other": f"out-{other}"}))

    threads = [threading.Thread(target=run, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: d.status for name, d in done.items()} == {"a": "ok", "b": "ok"}


def test_many_steps_from_many_threads_each_get_their_own_answer(pool, tools, job) -> None:
    answers: dict[int, bool] = {}

    def run(first: int) -> None:
        for i in range(first, first + 5):
            tell = job("tell", f"n{i}", values=[i])
            answers[i] = pool.run(tools, tell).status == "ok" and told(tell)["params"][1] == [i]

    threads = [threading.Thread(target=run, args=(i * 5,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == dict.fromkeys(range(40), True)


@pytest.mark.parametrize("environment", [{}, {"X": "1"}], ids=["fork", "fresh"])
def test_a_time_limit_ends_a_step_and_all_it_started(pool, tools, job, environment) -> None:
    family = job("family", values=[1], time_limit_s=1, environment=environment)
    started = time.monotonic()
    done = pool.run(tools, family)
    assert done.status == "timeout"
    assert 2.5 < time.monotonic() - started < 20  # the limit, and 2 s to end in an orderly way
    pids = json.loads(Path(family.outputs["out"]).read_text())
    assert len(pids) == 5
    assert gone(pids, 0)


def test_what_a_finished_step_left_running_is_ended(pool, tools, job) -> None:
    family = job("family")
    assert pool.run(tools, family).status == "ok"
    assert gone(json.loads(Path(family.outputs["out"]).read_text()), 0)


def test_cleaning_up_after_one_step_spares_the_daemons_of_another(pool, tools, job) -> None:
    lasting = job("family", "lasting", values=[1])
    thread = threading.Thread(target=pool.run, args=(tools, lasting))
    thread.start()
    pids = appears(Path(lasting.outputs["out"]))
    for _ in range(3):
        assert pool.run(tools, job("family")).status == "ok"
    assert all(alive(pid) for pid in pids)
    pool.close()
    thread.join()
    assert gone(pids, 0)


def test_closing_ends_everything_and_tells_who_waits(pool, tools, job) -> None:
    family = job("family", values=[1])
    done: list[Done] = []
    thread = threading.Thread(target=lambda: done.append(pool.run(tools, family)))
    thread.start()
    pids = appears(Path(family.outputs["out"]))
    pool.close()
    thread.join()
    assert done[0].status == "killed"
    assert gone(pids, 0)
    assert pool.run(tools, job("quick")).status == "killed"


def test_a_worker_that_is_killed_is_an_error_and_is_replaced(pool, tools, job) -> None:
    family = job("family", values=[1])
    done: list[Done] = []
    thread = threading.Thread(target=lambda: done.append(pool.run(tools, family)))
    thread.start()
    step, child, stubborn, session, daemon = appears(Path(family.outputs["out"]))
    worker = parent(step)
    os.kill(worker, signal.SIGKILL)
    thread.join()
    assert done[0].status == "error"
    assert done[0].error == {
        "type": "WorkerLost",
        "message": "its worker was killed by signal 9",
    }
    try:
        assert gone([worker, step, child, stubborn], 20)
    finally:  # nobody is left who could know of these
        for pid in (session, daemon):
            os.kill(pid, signal.SIGKILL)
    assert pool.run(tools, job("quick")).status == "ok"


def build_of(tmp_path: Path, act: str, rest: str) -> subprocess.Popen[bytes]:
    """A process with a pool of its own, as a build is."""
    (tmp_path / "work").mkdir(exist_ok=True)
    body = f"""
        import sys
        sys.path[:0] = [{str(ROOT)!r}, {str(HERE)!r}]
        from pathlib import Path
        from edgebuild.toolchains import environments
        from edgebuild.toolchains.pool import Job, Pool
        from edgebuild.toolchains.tools import present
        tools = present(environments.get("python"), Path("/"))
        job = Job(kind_module="made_step", params={{"act": {act!r}, "values": [1]}}, facts={{}},
                  inputs={{}}, outputs={{"out": {str(tmp_path / "out")!r}}},
                  folder={str(tmp_path / "work")!r}, log={str(tmp_path / "log")!r},
                  time_limit_s=60)
        with Pool() as pool:
            {rest}
        """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(body)],
        stderr=subprocess.DEVNULL,
        # A shell that runs the tests in the background has its children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().split(") ")[1].split()[1])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_when_the_build_dies_nothing_is_left(tmp_path: Path, number: signal.Signals) -> None:
    process = build_of(tmp_path, "family", "pool.run(tools, job)")
    pids = appears(tmp_path / "out")
    worker = parent(pids[0])
    process.send_signal(number)
    process.wait(20)
    assert gone([worker, *pids], 20)


def test_when_build_and_worker_are_killed_at_once_the_step_dies(tmp_path: Path) -> None:
    process = build_of(tmp_path, "family", "pool.run(tools, job)")
    step, *others = appears(tmp_path / "out")
    worker = parent(step)
    os.kill(worker, signal.SIGSTOP)
    process.kill()
    process.wait()
    os.kill(worker, signal.SIGKILL)
    try:
        assert gone([worker, step], 20)
    finally:  # nobody is left who could know of these
        for pid in others:
            os.kill(pid, signal.SIGKILL)


def test_random_kills_of_the_build_leave_nothing(tmp_path: Path) -> None:
    """At any moment: while the worker starts, while a step is forked, while one ends."""
    chance = random.Random(7)
    for _ in range(8):
        process = build_of(tmp_path, "quick", "while True: pool.run(tools, job)")
        time.sleep(chance.uniform(0.05, 0.5))
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
        process.wait()
        assert gone([int(pid) for pid in children], 20)


def test_a_trivial_step_costs_milliseconds(pool, tools, job) -> None:
    pool.run(tools, job("quick"))
    seconds = []
    for _ in range(20):
        started = time.monotonic()
        assert pool.run(tools, job("quick")).mode == "fork"
        seconds.append(time.monotonic() - started)
    assert min(seconds) < 0.1
