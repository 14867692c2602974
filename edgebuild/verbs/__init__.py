"""What each verb does, one module each: `run(context, ...)` prints its answer and says whether all is well."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from edgebuild.kinds import Kinds
    from edgebuild.manifest.model import Project
    from edgebuild.settings import Settings


@dataclass(frozen=True)
class Context:
    """What a verb works on. Manifests and kinds are loaded when first asked for."""

    root: Path
    settings: Settings
    out: TextIO

    @functools.cached_property
    def kinds(self) -> Kinds:
        from edgebuild.kinds import load_kinds

        return load_kinds()

    @functools.cached_property
    def project(self) -> Project:
        """Every manifest; ManyErrors with all problems of all of them."""
        from edgebuild.manifest.load import load

        return load(self.root, self.kinds)

    def say(self, line: str = "") -> None:
        self.out.write(f"{line}\n")

    @property
    def progress(self) -> Any:
        """How provisioning tells what it downloads and how far it is."""
        from edgebuild.toolchains.provision import Progress

        return Progress(self.out)
