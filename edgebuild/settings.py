"""What the environment says, read in one place: folders, mirrors, licences, wheels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """EDGEBUILD_HOME             store and tool environments (default: the user's cache folder)
    EDGEBUILD_MIRROR           folders searched by digest before anything is downloaded
    EDGEBUILD_WHEELS           folder of wheels; tools are installed from it without network
    EDGEBUILD_ACCEPT_LICENSES  vendor licences accepted, by id, separated by commas
    EDGEBUILD_OFFLINE          1 = download nothing

    `variables` is all of the environment, for what kinds of step name as their `secrets`.
    """

    home: Path
    mirrors: tuple[Path, ...] = ()
    wheels: Path | None = None
    licenses: frozenset[str] = frozenset()
    offline: bool = False
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def store(self) -> Path:
        return self.home / "store"

    @property
    def tools(self) -> Path:
        return self.home / "tools"

    def secrets(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """The variables a kind's `secrets` ask for, and no others. Names of files are made absolute,
        since a step has another home and folder than its user."""
        found: dict[str, str] = {}
        for name, file in wanted.items():
            value = self.variables.get(name) or file
            if value:
                found[name] = str(Path(value).expanduser().absolute()) if file else value
        return found


def from_environment(environment: Mapping[str, str]) -> Settings:
    home = environment.get("EDGEBUILD_HOME")
    if not home:
        cache = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        home = str(Path(cache) / "edgebuild")
    wheels = environment.get("EDGEBUILD_WHEELS")
    return Settings(
        home=Path(home).absolute(),
        mirrors=tuple(
            Path(p).absolute()
            for p in environment.get("EDGEBUILD_MIRROR", "").split(os.pathsep)
            if p
        ),
        wheels=Path(wheels).absolute() if wheels else None,
        licenses=frozenset(
            word.strip()
            for word in environment.get("EDGEBUILD_ACCEPT_LICENSES", "").split(",")
            if word.strip()
        ),
        offline=environment.get("EDGEBUILD_OFFLINE", "") not in ("", "0"),
        variables=dict(environment),
    )
