"""How often a frame is timed, on a clock that only the frames move."""

import time

import pytest

from edgebuild.steps import repeat


@pytest.fixture
def clock(monkeypatch):
    """A frame takes `seconds[i]`, the last of them from then on."""

    class Clock:
        now = 1000.0
        seconds = (0.003,)
        seen = ()

        def execute(self, frame):
            self.now += self.seconds[min(len(self.seen), len(self.seconds) - 1)]
            self.seen = (*self.seen, frame)

    made = Clock()
    monkeypatch.setattr(time, "perf_counter", lambda: made.now)
    monkeypatch.setattr(time, "perf_counter_ns", lambda: round(made.now * 1e9))
    return made


@pytest.mark.parametrize(
    ("seconds", "runs"),
    [
        (0.0001, 2500),  # a quarter of a second, though 200 were there long before
        (0.002, 200),
        (0.004, 125),  # half a second, which is enough for a p99
        (0.012, 100),  # longer, for the sake of a p99
        (0.1, 20),  # two seconds
        (1.0, 5),  # a p50 needs some, though they take longer
    ],
)
def test_there_are_200_runs_unless_a_frame_is_very_short_or_long(clock, seconds, runs):
    clock.seconds = (seconds,)
    found = repeat.repeat(clock.execute, ["frame"])
    assert len(found.ms) == pytest.approx(runs, abs=1)
    assert found.ms == pytest.approx([seconds * 1000] * len(found.ms))


def test_the_first_frame_is_told_apart_and_the_next_ones_are_not_counted(clock):
    clock.seconds = (0.5, 0.02, 0.01, 0.002)
    found = repeat.repeat(clock.execute, ["frame"])
    assert found.warmup_ms == pytest.approx(500)
    assert max(found.ms) == pytest.approx(2)
    assert len(clock.seen) == 1 + 10 + 200


def test_the_frames_take_turns(clock):
    repeat.repeat(clock.execute, ["a", "b", "c"])
    measured = clock.seen[11:]
    assert measured[:4] == ("a", "b", "c", "a")


def test_a_note_says_when_something_else_took_the_core_away():
    calm = repeat.Repeated(warmup_ms=1.0, ms=[1.0], interruptions=0)
    assert repeat.note(calm) == "one thread, one frame after the other, inputs ready in memory"
    disturbed = repeat.Repeated(warmup_ms=1.0, ms=[1.0], interruptions=7)
    assert repeat.note(disturbed).endswith("; other processes interrupted it 7 times")
