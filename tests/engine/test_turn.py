"""What measures the machine has it for itself, across builds, and everybody gets a turn."""

import itertools
import json
import subprocess
import sys
import threading
import time

import pytest
from textproject import start, write

from edgebuild.engine.turn import turn


def runs(journal):
    """(kind, build, begun, ended) of each step that ran."""
    rows = [json.loads(line) for line in journal.read_text().splitlines()]
    return [(*name.split("/")[:2], begun, ended) for name, begun, ended in rows]


def overlap(one, other):
    return one[2] < other[3] and other[2] < one[3]


def test_nothing_of_this_or_another_build_runs_while_something_measures(tmp_path):
    """Two builds of up to four steps at once, with one store; each model is measured between other steps."""
    for attempt in range(4):  # a busy machine may start one when the other has ended
        found = built_twice(tmp_path / str(attempt))
        alone = [run for run in found if run[0] == "measure"]
        for measuring in alone:
            assert not [run for run in found if run is not measuring and overlap(run, measuring)]
        busy = [run for run in found if run[0] == "busy"]
        together = [pair for pair in itertools.combinations(busy, 2) if overlap(*pair)]
        if any(a[1] != b[1] for a, b in together):
            break
    assert together, "the steps would not have run at once anyway"
    assert any(a[1] != b[1] for a, b in together), "nor would the builds"


def built_twice(place):
    """What ran in two builds that were started together, each of three models."""
    place.mkdir()
    journal = place / "journal"

    def step(kind, build, model, number):
        params = f"journal: {journal}, name: {kind}/{build}/{model}/{number}"
        return f"{kind}: {{{params}}}"

    builds = []
    for build in ("one", "two"):
        for n in range(3):
            recipe = ", ".join(
                step(kind, build, n, i)
                for i, kind in enumerate(("busy", "busy", "measure", "busy"))
            )
            write(place / build, {f"net{n}": f"{build} {n}"}, recipe=recipe)
        builds.append(start(place / build, "-n", "4", "build", "target=board", home=place / "home"))
    said = [process.communicate(timeout=120)[0] for process in builds]
    assert [process.returncode for process in builds] == [0, 0], said
    found = runs(journal)
    assert len(found) == 2 * 3 * 4
    return found


def test_one_who_wants_to_be_alone_does_not_wait_for_newcomers(tmp_path):
    """The room is never empty by itself: each of three stays 50 ms and comes again at once."""
    over = threading.Event()
    visits = []

    def visitor(offset):
        time.sleep(offset)
        while not over.is_set():
            with turn(tmp_path, alone=False):
                time.sleep(0.05)
                visits.append(offset)

    visitors = [threading.Thread(target=visitor, args=[i / 60]) for i in range(3)]
    for one in visitors:
        one.start()
    try:
        time.sleep(0.2)
        begun = time.monotonic()
        with turn(tmp_path, alone=True):
            waited = time.monotonic() - begun
            before = len(visits)
            time.sleep(0.1)
            assert len(visits) == before, "somebody was let in"
        time.sleep(0.3)
    finally:
        over.set()
        for one in visitors:
            one.join(10)
    assert waited < 5  # newcomers come for ever
    assert len(visits) > before, "nobody was let in afterwards"


@pytest.mark.parametrize("alone", [True, False])
def test_a_turn_ends_with_its_process_however_that_ends(tmp_path, alone):
    code = (
        "import sys, time; from pathlib import Path; from edgebuild.engine.turn import turn\n"
        f"with turn(Path(sys.argv[1]), alone={alone}):\n    print('in', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "in\n"
        entered = threading.Event()

        def enter():
            with turn(tmp_path, alone=True):
                entered.set()

        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not entered.wait(0.2)
        process.kill()
        assert entered.wait(10)
        waiting.join(10)
