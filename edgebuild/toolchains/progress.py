"""What a person sees while tools are downloaded: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import rich.progress
    from rich.console import Console


class Progress(Protocol):
    """How provisioning reports."""

    def say(self, text: str) -> None:
        """One line for a person."""

    def download(
        self, what: str, total_bytes: int
    ) -> contextlib.AbstractContextManager[Callable[[int], None]]:
        """A download that is going on inside the `with` block; call with the bytes there so far."""


class Silent:
    """Says nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    @contextlib.contextmanager
    def download(self, what: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
        """Nothing."""
        yield lambda done_bytes: None


class Shown:
    """On a console. Several environments may be provisioned at once, by several threads."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._bars: rich.progress.Progress | None = None
        self._running = 0

    def say(self, text: str) -> None:
        """A line; above the bars, where there are some."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextlib.contextmanager
    def download(self, what: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
        """A bar if a person watches. Sizes are estimates, so a finished download fills its bar."""
        if not self._console.is_terminal:
            yield lambda done_bytes: None
            return
        bars = self._enter()
        task = bars.add_task(what, total=total_bytes)

        def reach(done_bytes: int) -> None:
            bars.update(task, completed=done_bytes, total=max(total_bytes, done_bytes))

        try:
            yield reach
        finally:
            bars.remove_task(task)
            self._leave()

    def _enter(self) -> rich.progress.Progress:
        from rich import progress

        with self._lock:
            if self._bars is None:
                self._bars = progress.Progress(
                    progress.TextColumn("{task.description}"),
                    progress.BarColumn(),
                    progress.DownloadColumn(),
                    progress.TransferSpeedColumn(),
                    console=self._console,
                    transient=True,
                )
                self._bars.start()
            self._running += 1
            return self._bars

    def _leave(self) -> None:
        with self._lock:
            self._running -= 1
            if self._running == 0 and self._bars is not None:
                self._bars.stop()
                self._bars = None
