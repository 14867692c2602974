"""Samples shared among processes, for what keeps one core busy and no more: an emulator.

The answers are the same for any number of processes, so nothing of this enters a key.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.errors import EdgebuildError
from edgebuild.formats import dataset

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]
    Answer: TypeAlias = Callable[[dataset.Groups], dict[str, Arrays]]

_FEWEST_SAMPLES = 4  # that are worth preparing an emulator for
_MOST_PROCESSES = 8  # each takes 0.2 GB


class ShareError(EdgebuildError):
    """A process that ended without an answer."""


def gather(answer: Answer, data: dataset.Groups, *, cores: int | None = None) -> dict[str, Arrays]:
    """`answer` on all of `data`, by a process for each core: what it gives for the parts, end to end.

    `data` has a group `inputs`; a part has nothing else. `answer` runs in a fork of this process, so what
    starts threads belongs into it. `cores`: those this process may use, if not given. Whatever `answer`
    raises is raised here; ShareError if a process dies.
    """
    import multiprocessing

    count = dataset.length(data)
    cores = len(os.sched_getaffinity(0)) if cores is None else cores
    shares = max(1, min(cores, _MOST_PROCESSES, count // _FEWEST_SAMPLES))
    inputs = data["inputs"]
    limits = [count * i // shares for i in range(shares + 1)]
    parts: list[dataset.Groups] = [
        {"inputs": {name: values[start:end] for name, values in inputs.items()}}
        for start, end in itertools.pairwise(limits)
    ]
    if shares == 1:
        return answer(parts[0])
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe(duplex=False) for _ in parts]
    running = [
        context.Process(target=_send, args=(answer, part, write), daemon=True)
        for part, (_, write) in zip(parts, pipes, strict=True)
    ]
    try:
        for process, (_, write) in zip(running, pipes, strict=True):
            process.start()
            write.close()  # so that the end of a process is the end of its pipe
        found = []
        for process, (read, _) in zip(running, pipes, strict=True):
            try:
                answered = read.recv()
            except EOFError:
                process.join()
                raise _died(process.exitcode or 0) from None
            if isinstance(answered, BaseException):
                raise answered
            found.append(answered)
    finally:
        for process in running:
            if process.pid is not None:
                process.kill()  # one that has answered, or whose answer nobody wants any more
                process.join()
    return _joined(found)


def _send(answer: Answer, part: dataset.Groups, pipe: Connection) -> None:
    try:
        pipe.send(answer(part))
    except Exception as error:  # raised where it is read
        pipe.send(error)


def _died(code: int) -> ShareError:
    cause = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    return ShareError(f"a process that had a part of the samples ended {cause}")


def _joined(found: list[dict[str, Arrays]]) -> dict[str, Arrays]:
    import numpy as np

    return {
        group: {name: np.concatenate([part[group][name] for part in found]) for name in arrays}
        for group, arrays in found[0].items()
    }
