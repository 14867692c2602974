"""The graph of one target: its steps, and the variants whose artifacts they make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from edgebuild.errors import EdgebuildError, Position
from edgebuild.step import Contract, File, Limit, Output, Step, Waiver


class CycleError(EdgebuildError):
    """Steps that wait for each other."""


class DuplicateStep(EdgebuildError):
    """Two different steps with one name."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One artifact of one model on one target: a backend and a choice on every axis of the matrix.

    `label` tells the variants of a model and target apart (`shaves-2`, `onnx`; empty if there is but
    one). `ports` is everything that can be had of it by port name; `artifact` names the ports that are
    published, `shown` those that the report shows as they are; `checks` are step ids by check name.
    `diagnosis` is the step that looks for the cause if a gate fails, if there is one. `missing` maps a
    check that could not be planned to the reason: its metrics are unproven.
    """

    model: str
    target: str
    label: str
    backend: str
    contract: Contract
    ports: Mapping[str, Output | File]
    artifact: tuple[str, ...]
    checks: Mapping[str, str]
    limits: tuple[Limit, ...]
    waivers: tuple[Waiver, ...]
    shown: tuple[str, ...] = ()
    diagnosis: str = ""
    missing: Mapping[str, str] = field(default_factory=dict)
    declared_at: Position | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """`model/target/label`: what messages call it and where its files go (target first)."""
        return "/".join(filter(None, (self.model, self.target, self.label)))

    @property
    def goals(self) -> tuple[str, ...]:
        """Ids of the steps whose results are wanted: the backend's, the checks', what is shown."""
        ports = (*self.artifact, *self.shown)
        made = [r.step for p in ports if isinstance(r := self.ports[p], Output)]
        return tuple(dict.fromkeys([*made, *self.checks.values()]))

    @property
    def folder(self) -> str:
        """Below `artifacts/`."""
        return "/".join(filter(None, (self.target, self.model, self.label)))


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A model that a target's compiler refuses, as its manifest says; shown, not built."""

    model: str
    target: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Steps by id, in an order in which each comes after its inputs. Those in `later` run only if a gate
    fails; they come in an order, too."""

    steps: Mapping[str, Step]
    variants: tuple[Variant, ...]
    refused: tuple[Refused, ...] = ()
    later: Mapping[str, Step] = field(default_factory=dict)

    def step(self, step_id: str) -> Step:
        """A step, be it a later one."""
        return self.steps.get(step_id) or self.later[step_id]

    def downstream(self, step_id: str) -> Iterator[Step]:
        """The steps that follow a step, directly or not."""
        seen = {step_id}
        for name, step in self.steps.items():
            if not seen.isdisjoint(self.upstream(step)):
                seen.add(name)
                yield step

    def upstream(self, step: Step) -> tuple[str, ...]:
        """Ids of the steps whose outputs it reads, each once."""
        return tuple(
            dict.fromkeys(ref.step for ref in step.inputs.values() if isinstance(ref, Output))
        )


class Builder:
    """Collects steps while a graph is expanded; equal steps asked for twice are one."""

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}

    def add(self, step: Step) -> Step:
        known = self.steps.setdefault(step.id, step)
        if known != step:
            raise DuplicateStep(
                f"two different steps are called `{step.id}`", position=step.declared_at
            )
        return known


def order(steps: Mapping[str, Step], wanted: Iterable[str]) -> dict[str, Step]:
    """What `wanted` needs, itself included, each after its inputs. CycleError names the cycle."""
    done: dict[str, Step] = {}
    for goal in wanted:
        path: dict[str, None] = {}
        stack: list[tuple[str, bool]] = [(goal, False)]
        while stack:
            name, finished = stack.pop()
            if finished:
                del path[name]
                done[name] = steps[name]
                continue
            if name in done:
                continue
            if name in path:
                cycle = [*list(path)[list(path).index(name) :], name]
                raise CycleError(
                    "steps wait for each other",
                    position=steps[name].declared_at,
                    fields={"cycle": " -> ".join(cycle)},
                )
            path[name] = None
            stack.append((name, True))
            needs = [r.step for r in steps[name].inputs.values() if isinstance(r, Output)]
            stack += [(need, False) for need in reversed(needs) if need not in done]
    return done
