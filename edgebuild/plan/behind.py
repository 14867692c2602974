"""What follows a backend: its artifact is run, probed and checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgebuild.errors import Position
from edgebuild.kinds import Kinds
from edgebuild.manifest.budget import FIGURES
from edgebuild.manifest.model import Model, Target, Use
from edgebuild.step import Evidence, File, Limit, Output, Step, StepKind

# What probes and checks read as ONNX, and only as that.
_ONNX = ("model", "source_model")
# What reports show beside the checks' figures, where there is a probe that makes it.
_SHOWN = ("gallery",)


@dataclass(kw_only=True)
class Behind:
    """One variant behind its backend. `ports` is what can be had of it by name; a probe is planned when
    a check can use what it makes. `step` gives a step by its id; `add` adds one, given its use,
    name, ports, more facts and modules that it loads."""

    model: Model
    target: Target
    position: Position | None
    limits: Sequence[Limit]
    kinds: Kinds
    abilities: Collection[str]
    where: str
    backend: StepKind
    ports: dict[str, Output | File]
    step: Callable[[str], Step]
    add: Callable[[Use, str, Mapping[str, Output | File], Mapping[str, Any], tuple[str, ...]], Step]
    evidence: Evidence | None = None

    def run(self) -> None:
        """The artifact by the backend's runtime, if there is one, and samples."""
        if "evaluation" in self.ports and self.backend.runtime:
            runtime = self.kinds.get(f"runtime/{self.backend.runtime}")
            self.evidence = runtime.evidence
            step = self._step(f"runtime/{self.backend.runtime}", "run")
            self.ports |= {port: Output(step=step.id, port=port) for port in runtime.produces}

    def checks(self) -> tuple[dict[str, str], dict[str, str]]:
        """Steps of the checks by name, and the reasons why others cannot be planned."""
        checks: dict[str, str] = {}
        missing: dict[str, str] = {}
        for name in self.kinds.names("check"):
            kind_id = f"check/{name}"
            if name == "quality" and not self._quality:
                continue  # it measures what the manifest accepts by, nothing else
            if absent := self._absent(kind_id):
                if name in self._wanted:
                    missing[name] = self._why_missing(name, absent)
                continue
            checks[name] = self._step(kind_id, name).id
        return checks, missing

    def shown(self) -> tuple[str, ...]:
        """Ports that the report shows as they are."""
        return tuple(port for port in _SHOWN if self._provide(port))

    def probe(self, name: str) -> Step | None:
        """A probe by its name, if there is one and it has what it needs."""
        if name not in self.kinds.names("probe"):
            return None
        kind_id = f"probe/{name}"
        if not all(map(self._can, self.kinds.get(kind_id).needs)) or self._absent(kind_id):
            return None
        return self._step(kind_id, name)

    def _absent(self, kind_id: str) -> list[str]:
        """Ports that a kind needs and that nothing makes. Probes that make what it can use are planned."""
        absent = []
        for port in self.kinds.get(kind_id).consumes:
            wanted = port.removesuffix("?")
            if not (wanted.endswith(".*") or self._provide(wanted) or wanted != port):
                absent.append(wanted)
        return absent

    def _provide(self, port: str) -> bool:
        """Whether a port is there, be it by the best probe for it that can be planned."""
        if port in self.ports:
            return port not in _ONNX or self._is_onnx(self.ports[port])
        for name in self.backend.probes.get(port, (port,)):
            step = self.probe(name)
            if step and port in self.kinds.get(step.kind).produces:
                self.ports[port] = Output(step=step.id, port=port)
                return True
        return False

    def _is_onnx(self, ref: Output | File) -> bool:
        """A source may make something else; then there is nothing that probes could read."""
        if not isinstance(ref, Output):
            return False
        made = self.kinds.get(self.step(ref.step).kind).produces[ref.port]
        return made.endswith(".onnx")

    def _can(self, need: str) -> bool:
        """`device.NAME`: the target's device says NAME; others are of the machine."""
        what, _, name = need.partition(".")
        return name in self.target.device if what == "device" else need in self.abilities

    def _step(self, kind_id: str, name: str) -> Step:
        """Parameters called `decode` and `decode_function` are the model's."""
        kind = self.kinds.get(kind_id)
        metrics = self._quality if "metrics" in kind.facts else {}
        params: dict[str, Any] = {}
        if self.model.decode is not None:
            params["decode"] = self.model.decode.params["file"]
            params["decode_function"] = self.model.decode.params["function"]
        known = {field.name for field in dataclasses.fields(kind.params)}
        params = {key: value for key, value in params.items() if key in known}
        use = Use(kind=kind_id, params=params, position=self.position)
        ports = {
            port: ref
            for port, ref in self.ports.items()
            if kind_id.startswith("runtime/") or port not in _ONNX or self._is_onnx(ref)
        }
        facts = {"evidence": self.evidence, "metrics": metrics}
        code = tuple(sorted(metric["module"] for metric in metrics.values()))
        return self.add(use, f"{self.where}/{name}", ports, facts, code)

    def _why_missing(self, check: str, absent: Sequence[str]) -> str:
        if "evaluation" in self.ports and "actual" in absent:
            return "nothing on this machine can execute the artifact"
        if {"expected", "actual", "evaluation"} & set(absent):
            return "the manifest declares no evaluation data"
        return f"nothing in this build makes `{absent[0]}`, which check `{check}` reads"

    @property
    def _wanted(self) -> set[str]:
        """Checks that something is judged by: the model's limits, the target's budget."""
        lines = (
            FIGURES[x.metric.removeprefix("budget.")].summed for x in self.target.budget.limits
        )
        return {metric.partition(".")[0] for metric in (*(x.metric for x in self.limits), *lines)}

    @property
    def _quality(self) -> dict[str, dict[str, Any]]:
        """Quality metrics that the manifest accepts by."""
        made = {}
        for limit in self.limits:
            check, _, name = limit.metric.partition(".")
            if check == "quality":
                module = self.kinds.module(f"metric/{name}")
                made[name] = {"module": module, "params": dict(limit.params)}
        return made
