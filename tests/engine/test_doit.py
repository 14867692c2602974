"""The real `doit` in a real process: parallel, interrupted, killed, twice at once."""

import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from textproject import doit, manifest, start, write
from torn import torn

from edgebuild.store import fsck
from edgebuild.store.store import Store


@pytest.fixture
def place(tmp_path):
    write(tmp_path, {f"net{n}": f"text {n}" for n in range(3)}, recipe="append: {word: end}")
    return tmp_path


def built(run):
    return sorted(re.findall(r"built +(\S+)", run.stdout))


def change(place, name, recipe="", target=""):
    (place / f"manifests/models/{name}/manifest.yaml").write_text(manifest(name, recipe, target))


def published(place):
    return {p.parent.parent.name if p.parent.name == "rejected" else p.parent.name
            for p in (place / "artifacts/board").glob("*/model.upper")}  # fmt: skip


def test_build_then_nothing_to_do(place):
    first = doit(place, "build", "target=board")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "ok: 3 artifacts in artifacts/board are up to date" in first.stdout
    second = doit(place, "build", "target=board")
    assert (second.returncode, second.stdout) == (
        0,
        "ok: nothing to do, 3 artifacts in artifacts/board are up to date\n",
    )


def test_a_comment_or_another_order_of_keys_runs_nothing(place):
    doit(place, "build", "target=board")
    path = place / "manifests/models/net0/manifest.yaml"
    lines = path.read_text().splitlines()
    path.write_text("# a comment\n" + "\n".join(reversed(lines)) + "\n")
    run = doit(place, "build", "target=board")
    assert run.returncode == 0
    assert built(run) == []
    assert "ok: nothing to do" in doit(place, "build", "target=board").stdout


def test_deleted_and_tampered_artifacts_are_noticed_and_restored(place):
    doit(place, "build", "target=board")
    artifact = place / "artifacts/board/net1/model.upper"
    good, status = artifact.read_bytes(), artifact.stat()
    artifact.write_bytes(b"E" + good[1:])
    os.utime(artifact, ns=(status.st_atime_ns, status.st_mtime_ns))
    run = doit(place, "build", "target=board")
    assert (run.returncode, built(run), artifact.read_bytes()) == (0, [], good)
    artifact.unlink()
    doit(place, "build", "target=board")
    assert artifact.read_bytes() == good


def test_parallel_gives_the_same_as_one_after_the_other(place):
    doit(place, "build", "target=board", home=place / "one")
    first = {p: p.read_bytes() for p in (place / "artifacts").rglob("model.upper")}
    subprocess.run(["rm", "-r", place / "artifacts", place / ".edgebuild"], check=True)
    run = doit(place, "-n", "4", "build", "target=board", home=place / "four")
    assert run.returncode == 0, run.stdout + run.stderr
    assert {p: p.read_bytes() for p in (place / "artifacts").rglob("model.upper")} == first


def test_independent_steps_really_run_at_once(place):
    for n in range(3):
        change(place, f"net{n}", recipe="append: {word: SLOW}")
        (place / f"manifests/models/net{n}/net{n}.txt").write_text(f"text {n}")
    started = time.monotonic()
    assert doit(place, "-n", "3", "build", "target=board").returncode == 0
    parallel = time.monotonic() - started
    started = time.monotonic()
    assert doit(place, "build", "target=board", home=place / "other").returncode == 0
    assert time.monotonic() - started > parallel + 0.9


@pytest.mark.parametrize("options", [(), ("--continue",), ("--continue", "-n", "2")])
def test_a_failure_is_named_and_tells_by_the_exit_code(place, options):
    change(place, "net0", recipe="append: {word: FAIL}")
    run = doit(place, *options, "build", "target=board")
    assert run.returncode in (1, 2)  # doit's: a task failed; or some could not run for that
    assert "error: net0/append: cannot append FAIL" in run.stdout
    assert "hint: take another word" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr
    if options:
        assert published(place) == {"net1", "net2"}
    again = doit(place, *options, "build", "target=board")
    assert again.returncode in (1, 2)
    assert "cannot append FAIL" in again.stdout


def test_a_gate_that_fails_names_metric_value_and_limit(place):
    change(place, "net0", target="accept: {size.bytes: {max: 2}}")
    run = doit(place, "--continue", "build", "target=board")
    assert run.returncode != 0
    assert "error: net0/board is rejected" in run.stdout
    assert "size.bytes  failed: 6 bytes by host, wanted <= 2 (above 2)" in run.stdout
    assert (place / "artifacts/board/net0/rejected/model.upper").exists()
    assert not (place / "artifacts/board/net0/model.upper").exists()
    assert doit(place, "--continue", "build", "target=board").returncode != 0


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_no_process_behind(place, stop):
    change(place, "net0", recipe="append: {word: HANG}")
    process = start(place, "-n", "2", "build", "target=board")
    seen = ""
    while "net0/tidy" not in seen:
        seen += process.stdout.readline()
    time.sleep(0.3)
    os.killpg(process.pid, stop) if stop == signal.SIGINT else process.send_signal(stop)
    process.communicate(timeout=20)
    assert process.returncode != 0
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and of_home(place):
        time.sleep(0.05)
    assert of_home(place) == []
    change(place, "net0", recipe="append: {word: end}")
    assert doit(place, "build", "target=board").returncode == 0


def of_home(place):
    """Processes whose environment or arguments name the project's home."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            state = (entry / "stat").read_text().rsplit(")")[-1].split()[0]
        except OSError:
            continue
        if str(place).encode() in words and state != "Z":
            found.append(words)
    return found


def test_two_builds_at_once_run_each_step_once(place):
    for n in range(3):
        change(place, f"net{n}", recipe="append: {word: SLOW}")
    twin = place / "twin"
    write(twin, {f"net{n}": f"text {n}" for n in range(3)}, recipe="append: {word: SLOW}")
    home = place / "home"
    both = [start(p, "-n", "2", "build", "target=board", home=home) for p in (place, twin)]
    outputs = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    logs = [re.findall(r"built +(\S+)/append", out) for out in outputs]
    executed = sum(1 for out in outputs for _ in re.finditer(r"built +\S+/append", out))
    assert executed == 3, logs
    assert fsck.check(Store(home / "store")) == []


def test_killed_at_random_points_loses_nothing_published(place):
    """The sample that CI runs of the promise `atomic publish`; `doit bench only=kills` runs 500."""
    rng = random.Random(3)
    home = place / "home"
    seen = {}
    for attempt in range(12):
        change(place, "net0", recipe=f"append: {{word: w{attempt}}}")
        process = start(place, "build", "target=board", home=home)
        time.sleep(rng.uniform(0.1, 1.2))
        process.kill()
        process.communicate()
        assert torn(place / "artifacts") == []
        for path, data in seen.items():
            if "net0" not in str(path):
                assert path.read_bytes() == data
        seen = {p: p.read_bytes() for p in (place / "artifacts/board").rglob("model.upper")}
        faults = fsck.check(Store(home / "store").open())
        assert faults == []
    run = doit(place, "build", "target=board", home=home)
    assert run.returncode == 0, run.stdout
    assert (place / "artifacts/board/net0/model.upper").read_text().endswith("W11")


def test_a_terminal_without_the_letters_of_a_manifest_still_shows_its_error(place):
    path = place / "manifests/models/net0/manifest.yaml"
    path.write_text(path.read_text() + "descripton: Grüße → ≥\n", encoding="utf-8")
    plain = {"PYTHONIOENCODING": "ascii:strict"}
    for verb in ("check", "build"):
        run = doit(place, verb, "target=board", more=plain)
        assert run.returncode == 1
        assert "descripton: Gr\\xfc\\xdfe \\u2192 \\u2265" in run.stdout, run.stderr
        assert "Traceback" not in run.stderr


def test_a_mistyped_variable_or_target_is_an_error_with_a_suggestion(place):
    run = doit(place, "build", "taget=board")
    assert run.returncode == 1
    assert "error: unknown variable `taget=`\nhint: did you mean `target=`?" in run.stdout
    run = doit(place, "build", "target=bord")
    assert run.returncode == 1
    assert "error: unknown target `bord`\nhint: did you mean `board`?" in run.stdout


def test_plan_and_explain_give_reasons_before_anything_runs(place):
    plan = doit(place, "plan", "target=board").stdout
    assert "run      net0/source  (never built)" in plan
    assert not (place / "artifacts").exists()
    doit(place, "build", "target=board")
    assert "0 to run, 0 after them" in doit(place, "plan", "target=board").stdout
    change(place, "net0", recipe="append: {word: other}")
    explain = doit(place, "explain", "target=board").stdout
    assert explain.startswith("net0/append:\n  parameter `word`: 'end' -> 'other'\n")
    assert "net1" not in explain


def test_show_report_gc_and_fsck(place):
    doit(place, "build", "target=board")
    assert "net0" in doit(place, "show").stdout
    assert "accepted  net0/board" in doit(place, "report", "target=board").stdout
    assert "removed 0 blobs" in doit(place, "gc").stdout
    blob = next((place / "home/store/cas").glob("*/*"))
    blob.chmod(0o644)
    blob.write_bytes(b"damaged")
    run = doit(place, "fsck")
    assert run.returncode == 1
    assert "content is" in run.stdout
    assert doit(place, "fsck", "--repair").returncode == 0
    assert "the store is sound" in doit(place, "fsck").stdout


def test_list_and_info_stay_doits_own(place):
    listing = doit(place, "list").stdout
    assert re.search(r"^build +build, verify and publish", listing, re.MULTILINE)
    assert "validate every manifest" in doit(place, "info", "check").stdout


@pytest.mark.parametrize("name", ["..", ".", "../manifests", "/tmp", "a/b"])
def test_a_target_that_is_no_name_reaches_no_folder(place, name):
    before = {p for p in place.rglob("*") if p.is_file()}
    for words in (("clean", "build"), ("build",)):
        run = doit(place, *words, f"target={name}")
        assert before <= {p for p in place.rglob("*") if p.is_file()}, run.stdout
        assert f"`{name}` cannot be a name" in run.stdout + run.stderr or words[0] == "clean"


def test_clean_removes_what_was_published_and_the_next_build_restores_it(place):
    doit(place, "build", "target=board")
    assert doit(place, "clean", "build", "target=board").returncode == 0
    assert published(place) == set()
    run = doit(place, "build", "target=board")
    assert (run.returncode, built(run)) == (0, [])
    assert published(place) == {"net0", "net1", "net2"}


def test_records_of_any_form_stop_no_build(place):
    doit(place, "build", "target=board")
    (place / ".edgebuild/records.json").write_text(
        '{"net0/append": {"params": [1], "inputs": [1]}}'
    )
    change(place, "net0", recipe="append: {word: other}")
    assert doit(place, "build", "target=board").returncode == 0


def test_an_interrupted_build_does_not_say_ok(place):
    change(place, "net0", recipe="append: {word: HANG}")
    process = start(place, "-n", "2", "build", "target=board")
    seen = ""
    while "net0/tidy" not in seen:
        seen += process.stdout.readline()
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGINT)
    seen += process.communicate(timeout=30)[0]
    assert process.returncode != 0
    assert "ok:" not in seen
    assert "interrupted; " in seen
    assert "Traceback" not in seen, "who presses Ctrl-C knows why it stops"
    assert not (place / ".edgebuild/done/board").exists()


def test_what_runs_after_a_change_is_what_it_can_reach(place):
    """Each change is made where there was nothing to do before it."""

    def build(target):
        change(place, "net0", "append: {word: end}", target)
        run = doit(place, "build", "target=board")
        return built(run), run.stdout

    assert build("accept: {length.bytes: {max: 900}}")[0]
    assert "ok: nothing to do" in doit(place, "build", "target=board").stdout
    assert build("accept: {length.bytes: {max: 800}}")[0] == []
    assert "ok: nothing to do" in doit(place, "build", "target=board").stdout
    again, _ = build("compile: {times: 2}, accept: {length.bytes: {max: 800}}")
    assert "net0/board/upper" in again
    assert all(name.startswith("net0/board/") for name in again)
    again, text = build("compile: {times: 2}, accept: {length.bytes: {max: 3}}")
    assert again == []
    assert "net0/board is rejected" in text
