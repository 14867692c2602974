"""The tool environments of a build: which are there, and installing those that are not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edgebuild.errors import EdgebuildError
from edgebuild.settings import Settings
from edgebuild.toolchains import environments, unused
from edgebuild.toolchains.licenses import License, LicenseNotAccepted
from edgebuild.toolchains.progress import Progress
from edgebuild.toolchains.provision import Tools, ensure, present


class ToolsMissing(EdgebuildError):
    """Tools that may not be downloaded."""


@dataclass
class Toolbox:
    """Looked up once a name. `ask` puts a licence before a person and says whether it is accepted."""

    settings: Settings
    progress: Progress
    ask: Callable[[License], bool] = lambda _license: False
    _found: dict[str, Tools] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def missing(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if self._present(name) is None]

    def provide(self, names: Iterable[str]) -> None:
        """Install what is missing. LicenseNotAccepted, PipFailed, ProvisioningFailed with remedies;
        every licence is asked for before anything is downloaded."""
        wanted = [environments.get(name) for name in self.missing(names)]
        if wanted and self.settings.offline and self.settings.wheels is None:
            names = ", ".join(environment.name for environment in wanted)
            raise ToolsMissing(
                f"tool environments are not installed, and downloads are off: {names}",
                hint="unset EDGEBUILD_OFFLINE, or name a folder of wheels in EDGEBUILD_WHEELS",
            )
        accepted = set(self.settings.licenses)
        for environment in wanted:
            license = environment.license
            if license and license.id not in accepted and self.ask(license):
                accepted.add(license.id)
        for environment in wanted:
            tools = ensure(
                environment,
                self.settings.tools,
                accept=frozenset(accepted),
                wheelhouse=self.settings.wheels,
                progress=self.progress,
            )
            with self._lock:
                self._found[environment.name] = tools
            self._note_use(tools)

    def get(self, name: str) -> Tools:
        found = self._present(name)
        assert found is not None, f"tool environment {name} was not provided"
        return found

    def _present(self, name: str) -> Tools | None:
        with self._lock:
            if name not in self._found:
                found = present(environments.get(name), self.settings.tools)
                if found is None:
                    return None
                self._found[name] = found
                self._note_use(found)
            return self._found[name]

    def _note_use(self, tools: Tools) -> None:
        if tools.folder.parent == self.settings.tools:  # the main Python is not ours
            unused.note_use(tools.folder)


__all__ = ["LicenseNotAccepted", "Toolbox"]
