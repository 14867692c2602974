"""What each verb does, one module each: `run(context, ...)` prints its answer and says whether all is well."""

from __future__ import annotations

import datetime
import functools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from edgebuild.errors import EdgebuildError, printable

if TYPE_CHECKING:
    from edgebuild.engine.build import Build
    from edgebuild.engine.toolbox import Toolbox
    from edgebuild.kinds import Kinds
    from edgebuild.manifest.model import Project
    from edgebuild.settings import Settings
    from edgebuild.toolchains.licenses import License


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
        """A line, or several; what a terminal would obey in it is shown as `?`."""
        self.out.write(f"{printable(line)}\n")

    @functools.cached_property
    def toolbox(self) -> Toolbox:
        """Tool environments, told about and asked for on this context's output."""
        import rich.console

        from edgebuild.engine.toolbox import Toolbox
        from edgebuild.toolchains.progress import Shown

        console = rich.console.Console(file=self.out)
        return Toolbox(settings=self.settings, progress=Shown(console), ask=self._ask)

    def build(self, target: str | None, model: str | None, today: datetime.date) -> Build:
        """The build of a target. UnknownName, ManyErrors, ... as expanding finds them."""
        from edgebuild.engine.abilities import abilities
        from edgebuild.engine.opening import open_build
        from edgebuild.plan.expand import expand

        if not target:
            raise EdgebuildError("say which target", hint="target=NAME; `doit show` lists them")
        return open_build(
            expand(self.project, target, self.kinds, model, abilities(self.settings.variables)),
            self.project,
            target,
            model,
            kinds=self.kinds,
            toolbox=self.toolbox,
            today=today,
            say=self.say,
        )

    def tools_missing(self, build: Build) -> bool:
        """Whether tool environments of a build are not installed yet; a line each. What steps would do
        is not known then, for their keys name what is installed."""
        from edgebuild.toolchains.environments import ENVIRONMENTS

        missing = build.toolbox.missing(build.environments)
        for name in missing:
            self.say(f"install  {name}  ({ENVIRONMENTS[name].purpose})")
        return bool(missing)

    def in_checkout(self, path: str) -> Path:
        """A path of edgebuild's own checkout; EdgebuildError in any other project, whose files are none of
        edgebuild's business."""
        if not all((self.root / part).exists() for part in ("edgebuild/verbs/__init__.py", path)):
            raise EdgebuildError(
                "tests, linters and benchmarks are those of edgebuild's own checkout",
                hint="run this where edgebuild's sources are",
            )
        return self.root / path

    def _ask(self, license: License) -> bool:
        """Put a licence before the person at the terminal; without one the answer is no."""
        if not (sys.stdin.isatty() and self.out.isatty()):
            return False
        self.say(f"{license.title}, {license.owner}")
        self.say(f"  text: {license.text}")
        self.out.write(f"Do you accept it (its id is {license.id})? [y/N] ")
        self.out.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")
