"""One build of one graph: run step by step, published variant by variant, finished with a record."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from edgebuild.digest import Digest
from edgebuild.engine import budget, history, noop, pages, publish, scope, stale, swap
from edgebuild.engine.abilities import WATCHED, circumstances
from edgebuild.engine.diagnose import diagnose
from edgebuild.engine.session import ResultLost, Session, actions_by_step
from edgebuild.engine.toolbox import Toolbox
from edgebuild.manifest.model import Project
from edgebuild.plan.graph import Graph, Variant
from edgebuild.report import waived
from edgebuild.report.budget import JSON as BUDGET
from edgebuild.report.budget import read as read_budget
from edgebuild.report.figures import count
from edgebuild.store import roots
from edgebuild.store.store import BlobLost

STATE = ".edgebuild"
# A blob may be lost again while its step is being rebuilt; more than this is a broken disk.
_ATTEMPTS = 3

_Made = TypeVar("_Made")


@dataclass(kw_only=True)
class Build:
    """State of a build. Made by `opening.open_build`; `close` ends workers and gives the store back."""

    project: Project
    target: str
    model: str | None
    session: Session
    toolbox: Toolbox
    today: datetime.date
    resources: ExitStack
    begun_ns: int
    # The `circumstances` when it was opened.
    around: tuple[str, ...]
    published: dict[str, publish.Published] = field(default_factory=dict)
    # Variants whose reports this build wrote, rejected ones included.
    judged: list[Variant] = field(default_factory=list)
    # Files of the budget, once it was judged and holds.
    budgeted: Mapping[Path, Digest] | None = None

    @property
    def graph(self) -> Graph:
        return self.session.graph

    @property
    def artifacts(self) -> Path:
        return self.project.root / "artifacts"

    @property
    def environments(self) -> tuple[str, ...]:
        """Tool environments this graph needs, by name."""
        steps = self.graph.steps.values()
        return tuple(sorted({self.session.kinds.get(s.kind).tools for s in steps}))

    @property
    def has_budget(self) -> bool:
        """Whether this build judges the target's budget: only one of all its models can."""
        return self.model is None and bool(self.project.targets[self.target].budget.limits)

    def publish(self, variant: Variant) -> None:
        """GateFailed if the variant is not accepted. A blob that was lost since its step was done is made
        again; ResultLost if that does not help."""
        diagnosis = self._whole(
            variant.name, lambda: diagnose(self.session, self.toolbox, variant, self.today)
        )
        try:
            self.published[variant.name] = self._publish(
                variant.name,
                lambda: publish.publish(
                    self.session, self.project, variant, self.artifacts, self.today, diagnosis
                ),
            )
        except publish.GateFailed:
            self.judged.append(variant)
            raise
        self.judged.append(variant)

    def publish_budget(self) -> None:
        """GateFailed if all models of the target together need more than it has, or that is not known."""
        self.budgeted = self._publish(
            f"the budget of {self.target}",
            lambda: budget.publish(
                self.session, self.project.targets[self.target], self.artifacts, self.today
            ),
        )

    def _publish(self, name: str, publish: Callable[[], _Made]) -> _Made:
        def locked() -> _Made:
            with self._publishing():
                return publish()

        return self._whole(name, locked)

    def _whole(self, name: str, act: Callable[[], _Made]) -> _Made:
        """What `act` gives; blobs that it finds lost are made again."""
        for _ in range(_ATTEMPTS):
            try:
                return act()
            except BlobLost as lost:
                self._bring_back(lost.digest)
        raise ResultLost(
            f"what {name} is made of is lost again and again",
            hint="`doit fsck` looks at the whole store; the disk may be failing",
        )

    def finish(self, *, succeeded: bool) -> str:
        """Record what was done; the summary to tell. Only a build of the whole graph counts as done: doit
        may have been asked for some of its steps."""
        self.session.records.save()
        whole = succeeded and len(self.published) == len(self.graph.variants)
        whole = whole and (self.budgeted is not None or not self.has_budget)
        target = self.project.targets[self.target]
        with self._publishing():
            self._set_root(whole=whole)
            if whole:
                keep = {self.artifacts / v.folder for v in self.graph.variants}
                stale.remove(
                    self.artifacts, self.artifacts / self.target / (self.model or ""), keep
                )
            if self.budgeted is None:
                budget.forget_outdated(self.session, target, self.artifacts, self.today)
            rewritten = self._write_pages()
        if not whole:
            return "the steps asked for are done" if succeeded else ""
        summary = self._summary()
        # A device that was swapped meanwhile is not the one that was measured.
        if self.around == circumstances(self.toolbox.settings.variables) and self._can_be_watched:
            self._record(summary, rewritten)
        return summary

    @property
    def _can_be_watched(self) -> bool:
        """Whether all that steps look at for themselves is among the `circumstances`."""
        kinds = (self.session.kinds.get(step.kind) for step in self.graph.steps.values())
        return all(WATCHED.intersection(kind.needs) for kind in kinds if kind.fresh)

    def _record(self, summary: str, rewritten: Mapping[Path, Digest]) -> None:
        """That there is nothing to do while everything stays as it is."""
        waivers = [w for v in self.graph.variants for w in v.waivers]
        if self.has_budget:
            waivers += self.project.targets[self.target].budget.waivers
        noop.record(
            noop.path(self.project.root / STATE, self.target, self.model),
            noop.context(self.target, self.model, str(self.toolbox.settings.home), self.around),
            scope.read(self),
            summary=summary,
            # One that expired before changes nothing any more.
            until=min(
                (w.expires for w in waivers if w.expires >= self.today.isoformat()), default=""
            ),
            begun_ns=self.begun_ns,
            tools=[str(self.toolbox.get(name).folder) for name in self.environments],
            made={
                str(path): digest.hash
                for made in (
                    self.budgeted or {},
                    *(done.files for done in self.published.values()),
                    rewritten,
                )
                for path, digest in made.items()
            },
            there=[str(self.artifacts / pages.INDEX)],
        )

    def close(self) -> None:
        self.resources.close()

    def _publishing(self) -> AbstractContextManager[None]:
        return swap.publishing(self.artifacts, self.project.root / STATE)

    def _bring_back(self, lost: Digest) -> None:
        """Build again the step that made a blob. ResultLost if it does not give the same bytes."""
        for outcome in list(self.session.outcomes.values()):
            if lost in outcome.result.outputs.values():
                again = self.session.build(outcome.step.id)
                if again.result.outputs != outcome.result.outputs:
                    raise ResultLost(
                        f"`{outcome.step.id}` was lost from the store and gave other bytes when it was"
                        " run again",
                        hint="build again, so that what follows it is made of the new bytes",
                    )

    def _set_root(self, *, whole: bool) -> None:
        """What gc must keep."""
        roots.note(
            self.session.store,
            roots.of_build(self.project.root, self.target, self.model),
            actions_by_step(self.session.outcomes),
            whole=whole,
            steps={*self.graph.steps, *self.graph.later},
        )

    def _write_pages(self) -> Mapping[Path, Digest]:
        """Pages that show several variants, now that all are there; reports that are others than when they
        were published."""
        written = pages.refresh(self.artifacts, self.judged)
        state, day = self.project.root / STATE, self.today.isoformat()
        reports = [report for _, _, report in pages.reports(self.artifacts, self.judged)]
        pages.write_index(self.artifacts, self.project, history.note(state, reports, day))
        return written

    def _summary(self) -> str:
        made = len(self.graph.variants)
        are = "is" if made == 1 else "are"
        lines = [f"{count(made, 'artifact')} in artifacts/{self.target} {are} up to date"]
        lines += [f"{r.model} is refused: {r.reason}" for r in self.graph.refused]
        documents = [done.report for done in self.published.values()]
        if self.budgeted is not None:
            documents.append(read_budget(self.artifacts / self.target / BUDGET) or {})
        return "; ".join([*lines, *waived.lines(filter(None, documents))])
