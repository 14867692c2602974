"""Samples shared among processes: in order, the same as by one, and whatever goes wrong is told."""

import os
import signal
import time

import numpy as np
import pytest

from edgebuild.errors import EdgebuildError
from edgebuild.steps.shares import ShareError, gather

DATA = {"inputs": {"x": np.arange(26.0).reshape(13, 2)}, "truth": {"y": np.zeros((13, 1))}}


def doubled(part):
    return {
        "outputs": {
            "y": part["inputs"]["x"] * 2,
            "pid": np.full(len(part["inputs"]["x"]), os.getpid()),
        }
    }


@pytest.mark.parametrize("cores", [1, 2, 3, 64])
def test_the_answers_are_the_same_and_in_order_for_any_number_of_cores(cores):
    found = gather(doubled, DATA, cores=cores)["outputs"]
    assert found["y"].tolist() == (DATA["inputs"]["x"] * 2).tolist()
    assert len(set(found["pid"].tolist())) == min(
        cores, 3
    )  # fewer than four samples are not worth it


def test_what_a_part_raises_is_raised_with_all_it_says():
    def refuse(part):
        raise EdgebuildError("no", fields={"at": str(part["inputs"]["x"][0, 0])}, hint="ask again")

    with pytest.raises(EdgebuildError) as caught:
        gather(refuse, DATA, cores=2)
    assert str(caught.value) == "error: no\n  at  0.0\nhint: ask again"


def test_a_process_that_dies_is_told_by_its_signal():
    parent = os.getpid()

    def die(part):
        assert os.getpid() != parent
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(ShareError, match="ended by SIGKILL"):
        gather(die, DATA, cores=2)


def test_no_process_is_left(tmp_path):
    def slow_or_wrong(part):
        (tmp_path / str(os.getpid())).touch()
        if part["inputs"]["x"][0, 0] > 0:
            time.sleep(60)
        raise EdgebuildError("no")

    started = time.monotonic()
    with pytest.raises(EdgebuildError):
        gather(slow_or_wrong, DATA, cores=3)
    assert time.monotonic() - started < 30
    for path in tmp_path.iterdir():
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.name), 0)
