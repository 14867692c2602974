"""What is published is whole, is what its report says, and replaces only what was published before."""

import json
import os
import threading
from contextlib import closing
from pathlib import Path

import pytest
from fakebuild import build, open_fake
from fakeproject import limit, matrix, model, project
from textproject import doit, manifest, start, write
from torn import torn

from edgebuild import digest as digests
from edgebuild.engine import swap
from edgebuild.engine.session import ResultLost
from edgebuild.errors import EdgebuildError
from edgebuild.manifest.model import ModelTarget
from edgebuild.store import gc, roots


@pytest.fixture
def place(tmp_path):
    """A project folder and a home."""
    (tmp_path / "net.txt").write_text("alpha beta")
    return tmp_path


def run(place, *models):
    return build(project(place, *(models or (model(),))), place / "home")


def on_board(**more):
    return model(targets={"board": ModelTarget(target="board", **more)})


def names(folder):
    return {path.name for path in folder.iterdir()}


REJECTING = (limit("length.bytes", max=1),)


# ------------------------------------------------------------------------------ variants


def test_a_model_that_gets_a_matrix_keeps_its_new_artifacts_only(place):
    run(place)
    run(place, on_board(matrix=matrix(times=[1, 2])))
    home = place / "artifacts/board/net"
    assert names(home) == {"times-1", "times-2"}
    assert (home / "times-1/model.upper").exists()


def test_a_rejected_model_that_gets_a_matrix_leaves_nothing_behind(place):
    run(place, on_board(accept=REJECTING))
    run(place, on_board(matrix=matrix(times=[1])))
    assert names(place / "artifacts/board/net") == {"times-1"}


def test_a_model_that_loses_its_matrix_keeps_its_new_artifact_only(place):
    run(place, on_board(matrix=matrix(times=[1, 2])))
    run(place)
    assert not {"times-1", "times-2"} & names(place / "artifacts/board/net")
    assert torn(place / "artifacts") == []


def test_rejected_variants_that_are_no_longer_declared_go(place):
    run(place, on_board(accept=REJECTING, matrix=matrix(times=[1, 2])))
    assert (place / "artifacts/board/net/times-2/rejected/model.upper").exists()
    run(place, on_board(matrix=matrix(times=[1])))
    assert names(place / "artifacts/board/net") == {"times-1"}


def test_a_file_nobody_published_does_not_stay_in_an_artifacts_folder(place):
    run(place)
    (place / "artifacts/board/net/old.upper").write_text("of an earlier version")
    run(place)
    assert torn(place / "artifacts") == []


# ------------------------------------------------------------------------------ links


@pytest.mark.parametrize("linked", ["board", "board/net"])
def test_a_link_among_the_folders_is_refused_and_not_followed(place, linked):
    (place / "precious/net").mkdir(parents=True)
    (place / "precious/file").write_text("x")
    link = place / "artifacts" / linked
    link.parent.mkdir(parents=True)
    link.symlink_to(place / "precious")
    error = run(place).errors["net/board"]
    assert str(error) == (
        f"error: {place}/artifacts/{linked} is a symbolic link, and artifacts are to be published"
        " there\nhint: move it away, then build again"
    )
    assert names(place / "precious") == {"net", "file"}
    assert names(place / "precious/net") == set()


def test_a_file_where_a_folder_is_to_be_is_refused(place):
    (place / "artifacts").mkdir()
    (place / "artifacts/board").write_text("x")
    assert "is a file, and" in run(place).errors["net/board"].message


# ------------------------------------------------------------------------------ whole


def parts(**contents):
    return {
        name: swap.Part(
            digest=digests.of_bytes(text.encode()),
            write=lambda path, text=text: path.write_text(text),
        )
        for name, text in contents.items()
    }


def swap_in(place, **contents):
    with swap.publishing(place / "artifacts", place / "state"):
        swap.replace(place / "artifacts", "t/m", parts(**contents))


@pytest.mark.parametrize("at_once", [True, False])
def test_a_reader_never_sees_files_of_two_builds_together(tmp_path, monkeypatch, at_once):
    if not at_once:  # as on a file system that cannot exchange folders
        monkeypatch.setattr(swap, "_exchange", lambda one, other: False)
    swap_in(tmp_path, bin="0", xml="0")
    mixed, reads, stop = [], [], threading.Event()

    def read():
        while not stop.is_set():
            try:
                home = os.open(tmp_path / "artifacts/t/m", os.O_RDONLY)
            except FileNotFoundError:  # for a moment, where folders cannot be exchanged
                assert not at_once
                continue
            try:
                found = [os.open(n, os.O_RDONLY, dir_fd=home) for n in ("bin", "xml")]
                pair = [os.read(file, 9) for file in found]
                for file in found:
                    os.close(file)
                reads.append(pair)
                mixed.extend([pair] if pair[0] != pair[1] else [])
            except FileNotFoundError:  # the folder opened is being removed: whole or nothing
                pass
            finally:
                os.close(home)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 200):
        swap_in(tmp_path, bin=str(number), xml=str(number))
    stop.set()
    reader.join()
    assert reads
    assert mixed == []
    assert names(tmp_path / "artifacts") == {"t"}


@pytest.mark.parametrize("at_once", [True, False])
def test_stopped_at_any_point_leaves_a_whole_folder_or_none(tmp_path, monkeypatch, at_once):
    """Every call that changes the disk is made to fail once."""

    class StoppedError(Exception):
        pass

    if not at_once:
        monkeypatch.setattr(swap, "_exchange", lambda one, other: False)
    swap_in(tmp_path, bin="0", xml="0")
    home = tmp_path / "artifacts/t/m"
    for point in range(1, 40):
        count = 0

        def stopping(call, point=point):
            def inner(*args, **more):
                nonlocal count
                count += 1
                if count == point:
                    raise StoppedError
                return call(*args, **more)

            return inner

        with monkeypatch.context() as patch:
            for name in ("_exchange", "_sync_file"):
                patch.setattr(swap, name, stopping(getattr(swap, name)))
            for name in ("mkdir", "rename", "write_text"):
                patch.setattr(swap.Path, name, stopping(getattr(swap.Path, name)))
            try:
                swap_in(tmp_path, bin=str(point), xml=str(point))
                break
            except StoppedError:
                pass
        found = {path.name: path.read_text() for path in home.glob("*")}
        assert not found or (found["bin"] == found["xml"] and len(found) == 2), found
    else:
        raise AssertionError("never finished")
    assert point > 4
    assert {path.read_text() for path in home.iterdir()} == {str(point)}


def test_what_is_in_place_already_is_not_touched(tmp_path):
    swap_in(tmp_path, bin="1", xml="1")
    before = (tmp_path / "artifacts/t/m").stat().st_ino
    swap_in(tmp_path, bin="1", xml="1")
    assert (tmp_path / "artifacts/t/m").stat().st_ino == before
    (tmp_path / "artifacts/t/m/bin").write_text("2")
    swap_in(tmp_path, bin="1", xml="1")
    assert (tmp_path / "artifacts/t/m/bin").read_text() == "1"


def test_leftovers_of_a_killed_build_are_removed(tmp_path):
    (tmp_path / "artifacts/.tmp/123").mkdir(parents=True)
    (tmp_path / "artifacts/.tmp/123/bin").write_text("half")
    swap_in(tmp_path, bin="1")
    assert names(tmp_path / "artifacts") == {"t"}


def test_two_builds_of_one_project_at_once_both_succeed(tmp_path):
    write(tmp_path, {f"net{n}": f"text {n}" for n in range(4)}, recipe="append: {word: end}")
    board = (tmp_path / "manifests/targets/board.yaml").read_text()
    (tmp_path / "manifests/targets/other.yaml").write_text(board.replace("board", "other", 1))
    for attempt in range(3):
        for n in range(4):
            folder = tmp_path / f"manifests/models/net{n}"
            (folder / f"net{n}.txt").write_text(f"{attempt} {n}")
            text = manifest(f"net{n}").replace("board: {}", "board: {}, other: {}")
            (folder / "manifest.yaml").write_text(text)
        targets = ("board", "other", "board")
        twins = [start(tmp_path, "build", f"target={target}") for target in targets]
        outputs = [twin.communicate(timeout=120)[0] for twin in twins]
        assert [twin.returncode for twin in twins] == [0, 0, 0], outputs
        assert torn(tmp_path / "artifacts") == []
    assert {path.parent.parent.name for path in tmp_path.glob("artifacts/*/*/model.upper")} == {
        "board", "other",
    }  # fmt: skip


# ------------------------------------------------------------------------------ lost, broken


def done(place):
    """A build whose steps are done and whose variant is not published."""
    opened = open_fake(project(place, model()), place / "home")
    for name in opened.graph.steps:
        if not opened.session.restore(name):
            opened.session.build(name)
    return opened


def test_a_blob_lost_before_publishing_is_made_again(place):
    with closing(done(place)) as opened:
        for path in (place / "home/store/cas").glob("*/*"):
            path.unlink()
        opened.publish(*opened.graph.variants)
    assert (place / "artifacts/board/net/model.upper").read_text() == "ALPHA BETA"


def test_blobs_lost_again_and_again_are_an_error(place, monkeypatch):
    with closing(done(place)) as opened:
        monkeypatch.setattr(type(opened), "_bring_back", lambda self, lost: None)
        for path in (place / "home/store/cas").glob("*/*"):
            path.unlink()
        with pytest.raises(ResultLost, match="is lost again and again"):
            opened.publish(*opened.graph.variants)
    assert issubclass(ResultLost, EdgebuildError)


@pytest.mark.parametrize("content", ["", "{}", "[]"])
def test_a_report_that_is_none_stops_nothing_and_is_not_in_the_index(place, content):
    other = place / "artifacts/other/foreign"
    other.mkdir(parents=True)
    (other / "report.json").write_text(content)
    ran = run(place)
    assert not ran.errors
    index = (place / "artifacts/index.html").read_text()
    assert "net" in index
    assert "foreign" not in index


# ------------------------------------------------------------------------------ gc, summary


def test_results_of_accepted_models_survive_gc_though_another_fails(tmp_path):
    write(tmp_path, {"good": "x", "bad": "y"}, recipe="append: {word: end}")
    path = tmp_path / "manifests/models/bad/manifest.yaml"
    path.write_text(manifest("bad", "append: {word: FAIL}"))
    doit(tmp_path, "--continue", "build", "target=board")
    doit(tmp_path, "gc")
    run = doit(tmp_path, "--continue", "build", "target=board")
    assert "built    good" not in run.stdout


def test_a_failing_build_keeps_what_the_last_whole_one_used_and_a_whole_one_does_not(place):
    run(place)
    opened = open_fake(project(place, model()), place / "home")
    store, name = opened.session.store, roots.of_build(place, "board", None)
    opened.close()
    root = store.root / "roots" / f"{name}.json"
    before = set(json.loads(root.read_bytes())["actions"])
    (place / "net.txt").write_text("gamma")
    run(place, on_board(accept=REJECTING))
    both = set(json.loads(root.read_bytes())["actions"])
    assert before < both
    assert gc.collect(store).results == 0
    run(place)
    assert not before <= set(json.loads(root.read_bytes())["actions"])


def test_failing_builds_do_not_pile_up(place):
    """Of each step the last one tried stays, not all."""
    run(place)
    opened = open_fake(project(place, model()), place / "home")
    store = opened.session.store
    opened.close()
    counts = []
    for text in ("beta", "gamma", "delta"):
        (place / "net.txt").write_text(text)
        run(place, on_board(accept=REJECTING))
        gc.collect(store)
        counts.append(len(list((store.root / "ac").glob("*/*"))))
    assert counts[0] == counts[1] == counts[2]
    (place / "net.txt").write_text("alpha beta")
    assert run(place).built == [], "what the last whole build used is there still"


def test_what_an_interrupted_build_did_not_reach_stays(place):
    """It was done by a build that failed before."""
    run(place)
    (place / "net.txt").write_text("beta")
    run(place, on_board(accept=REJECTING))
    opened = open_fake(project(place, on_board(accept=REJECTING)), place / "home")
    assert opened.session.restore("net/source")
    opened.finish(succeeded=False)
    opened.close()
    assert gc.collect(opened.session.store).results == 0


def test_targets_and_models_never_share_a_root(tmp_path):
    assert roots.of_build(tmp_path, "a-b", None) != roots.of_build(tmp_path, "a", "b")


def test_a_folder_may_have_any_name(tmp_path):
    """Linux allows all bytes but two, and `caf\\xe9` comes from older systems."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    (folder / "net.txt").write_text("alpha")
    assert not run(folder).errors
    assert list((folder / "home/store/roots").iterdir())


def test_a_target_that_refuses_every_model_says_so(place):
    refused = model(targets={"board": ModelTarget(target="board", refused="no GridSample")})
    with closing(open_fake(project(place, refused), place / "home")) as opened:
        assert opened.finish(succeeded=True) == (
            "0 artifacts in artifacts/board are up to date; net is refused: no GridSample"
        )
