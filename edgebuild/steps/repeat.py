"""Timing a frame: the first apart, some unmeasured, then again and again until it is known well enough."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from edgebuild.formats import dataset
from edgebuild.formats.feed import feed
from edgebuild.step import Contract

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]

Frame = TypeVar("Frame")

# Enough for p99, and for the clock's own steps to average out where a frame takes microseconds.
_RUNS, _SHORTEST_S = 200, 0.25
# A larger network gets the fewest that still have a p99, or less, rather than the build's time.
_FEWER, _LONG_S = 100, 0.5
_FEWEST, _LONGEST_S = 5, 2.0
_SETTLING_RUNS, _SETTLING_S = 10, 0.2
_MOST_FEEDS, _MOST_BYTES = 32, 64_000_000


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """Times in ms in the order of the runs. `interruptions` counts how often the kernel took the core away
    meanwhile: what else ran on the machine has a part in the figures then."""

    warmup_ms: float
    ms: Sequence[float]
    interruptions: int


def repeat(execute: Callable[[Frame], object], frames: Sequence[Frame]) -> Repeated:
    """`execute` on one frame after the other, round and round: 200 times and 0.25 s at least, 100 times if
    those take half a second, and no longer than 2 s unless five runs do."""
    warmup_ms = _once(execute, frames[0])
    until = time.perf_counter() + _SETTLING_S
    for i in range(_SETTLING_RUNS):
        if time.perf_counter() >= until:
            break
        _once(execute, frames[i % len(frames)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
    begun = time.perf_counter()
    ms: list[float] = []
    while not _enough(len(ms), time.perf_counter() - begun):
        ms.append(_once(execute, frames[len(ms) % len(frames)]))
    interruptions = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - before
    return Repeated(warmup_ms=warmup_ms, ms=ms, interruptions=interruptions)


def frames(data: dataset.Groups, source: Contract, stage: Contract) -> list[Arrays]:
    """The first samples of `data` as `stage` wants them: 32, or as many as 64 MB hold."""
    found: list[Arrays] = []
    size = 0
    for i in range(min(dataset.length(data), _MOST_FEEDS)):
        frame = {
            name: feed(data["inputs"][name][i], source.inputs[name], tensor)
            for name, tensor in stage.inputs.items()
        }
        size += sum(array.nbytes for array in frame.values())
        if found and size > _MOST_BYTES:
            break
        found.append(frame)
    return found


def note(found: Repeated) -> str:
    """How a host's figures are to be read."""
    text = "one thread, one frame after the other, inputs ready in memory"
    if found.interruptions:
        text += f"; other processes interrupted it {found.interruptions} times"
    return text


def cpu() -> str:
    """The CPU's model, as the kernel says."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), "")


def _once(execute: Callable[[Frame], object], frame: Frame) -> float:
    begun = time.perf_counter_ns()
    execute(frame)
    return (time.perf_counter_ns() - begun) / 1e6


def _enough(runs: int, seconds: float) -> bool:
    if seconds >= _LONG_S:
        return runs >= (_FEWEST if seconds >= _LONGEST_S else _FEWER)
    return runs >= _RUNS and seconds >= _SHORTEST_S
