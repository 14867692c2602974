"""What runs again after a change is exactly what the change can reach."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from fakebuild import build
from fakekinds import kinds
from fakeproject import append, limit, matrix, model, project, words

from edgebuild import digest as digests
from edgebuild.engine import noop
from edgebuild.engine.execute import Executor, StepFailed
from edgebuild.engine.inputs import FetchError, MissingFile
from edgebuild.engine.publish import GateFailed
from edgebuild.manifest.model import ModelTarget, Use
from edgebuild.step import Fetched, Step, Waiver


@pytest.fixture
def place(tmp_path):
    """A project folder and a home."""
    (tmp_path / "net.txt").write_text("alpha beta\n# comment\ngamma\n")
    (tmp_path / "words.txt").write_text("alpha gamma delta")
    return tmp_path


def run(place, *models, home="home", **options):
    return build(project(place, *models), place / home, **options)


def full(**more):
    given = {
        "data": {"evaluation": words(), "calibration": words(samples=1)},
        "recipe": (Use(kind="pass/calibrated"), append("end")),
        "targets": on_board(),
        **more,
    }
    return model(**given)


def on_board(**more):
    return {"board": ModelTarget(target="board", **more)}


def test_second_build_restores_everything(place):
    first = run(place, full())
    assert not first.errors
    assert (place / "artifacts/board/net/model.upper").read_text().startswith("ALPHA BETA")
    second = run(place, full())
    assert second.built == []
    assert set(second.restored) == {*first.built, *first.restored}


def test_a_comment_in_the_source_stops_after_the_source(place):
    """The export gives the same bytes, so nothing behind it runs: early cutoff."""
    run(place, full())
    (place / "net.txt").write_text("alpha beta\n# another comment\ngamma\n")
    assert run(place, full()).built == ["net/source"]


def test_a_changed_source_runs_what_depends_on_it(place):
    run(place, full())
    (place / "net.txt").write_text("alpha beta delta")
    built = run(place, full()).built
    assert "net/board/upper" in built
    assert "net/evaluation" not in built


def test_content_changed_with_time_and_size_kept(place):
    run(place, full())
    before = (place / "net.txt").stat()
    (place / "net.txt").write_text("alpha beta\n# comment\ngamme\n")
    os.utime(place / "net.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "net/board/upper" in run(place, full()).built


def test_a_threshold_changed_runs_nothing_and_is_judged_anew(place):
    run(place, full(targets=on_board(accept=(limit("length.bytes", max=1000),))))
    again = run(place, full(targets=on_board(accept=(limit("length.bytes", max=3),))))
    assert again.built == []
    assert isinstance(again.errors["net/board"], GateFailed)


def test_a_report_says_what_each_step_was_told_and_what_it_read(place):
    run(place, full(targets=on_board(compile={"times": 2})))
    report = json.loads((place / "artifacts/board/net/report.json").read_bytes())
    stages = {stage["step"]: stage for stage in report["pipeline"]}
    (read,) = stages["net/source"]["inputs"].values()
    assert read == {"name": "net.txt", "sha256": digests.of_file(place / "net.txt").hash}
    assert stages["net/board/upper"]["params"]["times"] == 2


def test_another_parameter_of_the_compiler_runs_that_compile_and_what_follows(place):
    run(place, full(targets=on_board(compile={"times": 1})))
    built = run(place, full(targets=on_board(compile={"times": 2}))).built
    assert built == ["net/board/upper", "net/board/contract", "net/board/length"] or built == [
        "net/board/upper",
        "net/board/length",
    ]


def test_calibration_data_changed_runs_calibration_and_what_follows(place):
    run(place, full())
    changed = full(data={"evaluation": words(), "calibration": words(samples=3)})
    built = run(place, changed).built
    assert built[:3] == ["net/calibration", "net/calibrated", "net/append"]
    assert "net/source" not in built
    assert "net/reference" not in built


def test_code_of_a_step_changed_runs_its_steps(place, tmp_path_factory, monkeypatch):
    run(place, full())
    folder = tmp_path_factory.mktemp("more")
    import fake_pass_append

    source = folder / "fake_pass_other.py"
    source.write_text(Path(fake_pass_append.__file__).read_text() + "\n# another version\n")
    monkeypatch.syspath_prepend(folder)
    built = run(place, full(), kinds=kinds(pass_append="fake_pass_other")).built
    assert built == ["net/append"]


def test_tools_changed_runs_everything_that_used_them(place, monkeypatch):
    first = run(place, full())
    from edgebuild.engine import toolbox

    found = toolbox.present
    monkeypatch.setattr(
        toolbox, "present", lambda e, f: replace(found(e, f), digest="another version")
    )
    assert run(place, full()).built == first.built


def test_a_tampered_or_deleted_artifact_is_restored(place):
    run(place, full())
    artifact = place / "artifacts/board/net/model.upper"
    good = artifact.read_bytes()
    for spoil in (lambda: artifact.unlink(), lambda: artifact.write_bytes(b"evil")):
        spoil()
        assert run(place, full()).built == []
        assert artifact.read_bytes() == good


def test_a_lost_or_damaged_blob_rebuilds_its_step(place):
    first = run(place, full())
    for number, path in enumerate(sorted((place / "home/store/cas").glob("*/*"))):
        if number % 2:
            path.unlink()
        else:
            path.chmod(0o644)
            path.write_bytes(path.read_bytes() + b"x")
        again = run(place, full())
        assert not again.errors
        assert len(again.built) <= len(first.built)
    assert run(place, full()).built == []


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("FAIL", "net/append: cannot append FAIL"),
        ("CRASH", "net/append: ended with signal 6\n  | about to crash"),
        ("HANG", "net/append: took longer than 3 s and was stopped"),
        ("EXTRA", "step `net/append` wrote `extra`, which it does not declare"),
        ("NOTHING", "step `net/append` did not write `model` (model.txt)"),
    ],
)
def test_a_failed_step_says_why_is_not_cached_and_publishes_nothing(place, word, text):
    for _ in range(2):
        ran = run(place, full(recipe=(append(word),)))
        error = ran.errors["net/append"]
        assert isinstance(error, StepFailed)
        assert error.message.startswith(text)
        assert (place / ".edgebuild/logs/net+append.log").exists()
        assert ran.published == []
    assert not (place / "artifacts/board").exists()


def test_logs_of_steps_whose_names_look_alike_are_apart(tmp_path):
    def kept(step):
        executor = Executor(store=None, pool=None, logs=tmp_path / "logs")
        return executor._keep(Step(id=step, kind="pass/append"), tmp_path / "none")

    names = [
        "a/b.c/run",
        "a.b/c/run",
        "a/b/c/run",
        f"m/t/{'x' * 150}/{'y' * 99}",
        f"m/t/{'x' * 150}/{'y' * 98}",
    ]
    assert len({kept(name) for name in names}) == len(names)


def test_one_models_failure_does_not_stop_another(place):
    (place / "other.txt").write_text("x")
    ran = run(place, full(recipe=(append("FAIL"),)), model("other"))
    assert ran.published == ["other/board"]


def test_a_rejected_artifact_is_kept_apart_and_replaces_no_good_one_as_good(place):
    run(place, full())
    ran = run(place, full(targets=on_board(accept=(limit("length.bytes", max=3),))))
    assert str(ran.errors["net/board"]) == (
        "error: net/board is rejected\n"
        f"  length.bytes  failed: {place_size(place)} bytes by host, wanted <= 3 (above 3)\n"
        f"hint: the artifact and its report are kept in {place}/artifacts/board/net/rejected"
    )
    home = place / "artifacts/board/net"
    assert {p.name for p in home.iterdir()} == {"rejected"}
    assert (home / "rejected/report.html").exists()
    run(place, full())
    assert (home / "model.upper").exists()
    assert not (home / "rejected").exists()


def place_size(place):
    folder = place / "artifacts/board/net/rejected"
    return (folder / "model.upper").stat().st_size


def test_an_unmeasured_gate_is_not_passed(place):
    ran = run(place, model(targets=on_board(accept=(limit("quality.vowels", min=1),))))
    assert "unproven: not measured, wanted >= 1 (the manifest declares no evaluation data)" in str(
        ran.errors["net/board"]
    )


def test_a_waived_gate_lets_the_build_pass(place):
    waiver = Waiver(metric="length.bytes", reason="known", owner="ana", expires="2026-06-02")
    gate = on_board(accept=(limit("length.bytes", max=3),), waivers=(waiver,))
    ran = run(place, full(targets=gate))
    assert ran.published == ["net/board"]
    assert ran.summary == (
        "1 artifact in artifacts/board is up to date; "
        "1 gate waived, until 2026-06-02 (net/board length.bytes)"
    )


def test_a_waiver_that_has_expired_and_is_not_needed_is_told_and_stops_nothing(place, monkeypatch):
    recorded = {}
    monkeypatch.setattr(noop, "record", lambda *_, **given: recorded.update(given))
    waiver = Waiver(metric="length.bytes", reason="known", owner="ana", expires="2026-01-01")
    gate = on_board(accept=(limit("length.bytes", max=10**6),), waivers=(waiver,))
    ran = run(place, full(targets=gate))
    assert ran.summary.endswith("; 1 waiver is not needed (net/board length.bytes)")
    assert recorded["until"] == ""  # "nothing to do" can be said on any later day


def test_variants_are_published_side_by_side_and_removed_when_undeclared(place):
    run(place, model(targets=on_board(matrix=matrix(times=[1, 2]))))
    assert (place / "artifacts/board/net/times-2/model.upper").exists()
    run(place, model(targets=on_board(matrix=matrix(times=[1]))))
    assert not (place / "artifacts/board/net/times-2").exists()
    assert (place / "artifacts/board/net/times-1/model.upper").exists()
    assert (place / "artifacts/index.html").exists()


def test_equal_work_under_another_name_is_one_action(place):
    (place / "twin.txt").write_bytes((place / "net.txt").read_bytes())
    run(place, model())
    ran = run(place, model("twin"))
    assert "twin/tidy" in ran.restored


def test_two_folders_give_the_same_keys(place, tmp_path_factory):
    run(place, full())
    other = tmp_path_factory.mktemp("elsewhere")
    for name in ("net.txt", "words.txt"):
        (other / name).write_bytes((place / name).read_bytes())
    assert build(project(other, full()), place / "home").built == []


def test_a_fetched_source_comes_from_a_mirror_by_its_digest(place):
    data = b"fetched text"
    (place / "mirror" / "sub").mkdir(parents=True)
    (place / "mirror" / "sub" / "any-name").write_bytes(data)
    digest = digests.of_bytes(data)
    url = Fetched(
        url="https://example.com/a/net.txt", sha256=digest.hash, size_bytes=digest.size_bytes
    )
    net = model(source=Use(kind="source/text", params={"file": url}))
    assert run(place, net, mirrors=[place / "mirror"]).published == ["net/board"]
    ran = run(place, net, home="other-home")
    assert isinstance(ran.errors["net/source"], FetchError)
    assert "EDGEBUILD_MIRROR" in str(ran.errors["net/source"])
    (place / "mirror" / "sub" / "any-name").write_bytes(b"Fetched text")
    assert run(place, net, home="third", mirrors=[place / "mirror"]).published == []


def test_a_missing_project_file_is_named(place):
    (place / "net.txt").unlink()
    error = run(place, model()).errors["net/source"]
    assert isinstance(error, MissingFile)
    assert error.message == "cannot read net.txt: No such file or directory"
