"""The vocabulary of a build: kinds of step, steps, findings, and contracts (of `edgebuild.contract`).

Everything here is data. A kind of step is one module in `edgebuild/steps/<role>s/`; its
docstring is its manual page and it defines `KIND = StepKind(...)` and a function
`run(call)`. This module and those import only the standard library, so that any
tool environment can load them; heavy libraries are imported inside `run`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any, Literal

from edgebuild.contract import Color as Color
from edgebuild.contract import Contract as Contract
from edgebuild.contract import DType as DType
from edgebuild.contract import Layout as Layout
from edgebuild.contract import Tensor as Tensor
from edgebuild.errors import Position

Role = Literal["source", "data", "pass", "backend", "runtime", "probe", "check", "training"]
Evidence = Literal["device", "emulated", "host", "estimated"]
Verdict = Literal["passed", "failed", "unproven", "waived"]


# ----------------------------------------------------------------------------- files


@dataclass(frozen=True, kw_only=True)
class ProjectFile:
    """A file of the project, by its path relative to the project's root, with `/`."""

    path: str


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A file named by public URL and content. The digest is its identity; the URL only says
    where to look when neither the store nor a mirror folder has it."""

    url: str
    sha256: str
    size_bytes: int
    license: str = ""


File = ProjectFile | Fetched


# ----------------------------------------------------------------------------- kinds


def param(
    doc: str,
    default: Any = MISSING,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """A documented field of a kind's parameters; `doc` is one sentence, unit included.

    No default = the manifest must give it. Mutable defaults are not needed: use tuples, and
    `param(doc, None)` for "not given".
    """
    metadata = {"doc": doc, "minimum": minimum, "maximum": maximum}
    if default is MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class NoParams:
    """Parameters of a kind that has none."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A figure a check measures, e.g. `sqnr_db` of check `parity` = metric `parity.sqnr_db`.

    `always`: it must be 0 wherever its check is planned, whatever a manifest says of it. `params`: what
    a manifest can set beside its limits, e.g. `{min: 0.9, alpha: 0.3}` (quality metrics only). `span`: the
    worst and the best figure there can be, where both are known.
    """

    doc: str
    unit: str = ""
    better: Literal["higher", "lower"] = "higher"
    always: bool = False
    params: type = NoParams
    span: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a running step sees. It may read `inputs`, must write every one of `outputs`, and
    may use `folder` (its working directory, empty, removed afterwards)."""

    params: Any
    facts: Mapping[str, Any]
    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    folder: Path
    tools: Path
    threads: int = 1


@dataclass(frozen=True, kw_only=True)
class StepKind:
    """One thing a build can do. See the package `edgebuild.steps` for the ports and facts there are.

    consumes   ports it reads, by name; the plan wires them by that name. A trailing `?` makes
               one optional; `artifact.*` takes all files of an artifact (`artifact.blob`, ...).
    produces   port -> file name it is written as.
    params     frozen dataclass of the manifest's parameters; a field of type `File`,
               `File | None`, `tuple[File, ...]` or `dict[str, File]` becomes input ports
               (`name`, `name.0`, `name.key`) and never enters the key by path.
    facts      what it reads of the manifest besides its params: "contract" (Contract as JSON, as
               it stands at this step; behind a backend, of its artifact), "model_contract" (of the ONNX
               that the backend compiles), "source_contract", "evidence" (of the runtime), "floats" (the
               backend's), "backend" (its name), "variant" (`target/label`), "metrics" (of quality that the
               manifest accepts by: name -> module, params); of the model: "model" (name,
               version, license); of the target: "device", "firmware", "roofline", "isa".
    tools      name of the tool environment it runs in.
    platform   facts of the machine its bytes depend on: "isa" (CPU, what it can, C library), "threads", "cpu"
               (its name and cores).
    contract   how it changes the contract of the model that goes through (pass, backend).
    code       more modules or packages (dotted names) whose code can change its bytes, beyond what its
               module imports.
    secrets    variables of the user's that it sees while it runs, which never enter the key: each with
               the file that it means where it is not set (`~` is the user's home), or "".
    """

    role: Role
    run: Callable[[Call], None]
    tools: str
    consumes: tuple[str, ...] = ()
    produces: Mapping[str, str] = field(default_factory=dict)
    params: type = NoParams
    facts: tuple[str, ...] = ()
    platform: tuple[str, ...] = ()
    contract: Callable[[Any, Contract], Contract] | None = None
    code: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    time_limit_s: int = 600
    # Nothing else of any build on this store runs meanwhile: for what measures the machine.
    alone: bool = False
    # What it looks at can change although nothing in its key does (which device is attached): every build
    # runs it once; what reads its output is restored if that is the same as before.
    fresh: bool = False
    # probe: what must be there for it: an ability of the machine (`edgebuild.engine.abilities`), or
    # `device.NAME`, a word the target's `device:` must have.
    needs: tuple[str, ...] = ()
    # backend: kinds of probe that make a port for its artifacts, best first, where it is not the one
    # that has the port's name; and the type in which its chip keeps floats.
    probes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    floats: DType = "float32"
    # source: the pass that always follows it, "" = what it makes is no ONNX; source and backend: the
    # kind of runtime that can execute what they make (a source's is the truth to compare with; "" =
    # nothing can execute a backend's); runtime: how that counts.
    canonical: str = "canonicalise"
    runtime: str = ""
    evidence: Evidence | None = None
    # check: what it measures.
    metrics: Mapping[str, Metric] = field(default_factory=dict)


# ----------------------------------------------------------------------------- steps


@dataclass(frozen=True, kw_only=True)
class Output:
    """A port of another step."""

    step: str
    port: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """A node of the graph, before its inputs are known.

    `kind` is `<role>/<name>`; `params` is plain JSON with defaults filled in and files taken
    out; `declared_at` serves messages only and cannot enter a key. `code` are modules that it loads
    beside its kind's own (quality metrics): their content enters the key.
    """

    id: str
    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Output | File] = field(default_factory=dict)
    code: tuple[str, ...] = ()
    declared_at: Position | None = field(default=None, compare=False)


# -------------------------------------------------------------------------- findings

# Shares of resamples, for `Measurement.quantiles`.
QUANTILES = (
    0.0, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5,
    0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 1.0,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A figure a check obtained. `value` None = it could not be measured; `detail` says why. `applies` False =
    there is nothing that it could be measured of: no gate, unless a manifest names it, and then unproven.

    `output` names the model's output it belongs to, if one. `baseline` is the same figure of the source,
    where there is one (for `max_drop`). `interval` is where the value lies with 95 % confidence, as far as
    the number of samples goes; `quantiles` has, for each of QUANTILES, a value that this share of
    resamples does not exceed, and `drop_quantiles` the same of how much worse it is than the baseline.
    """

    metric: str
    value: float | None
    evidence: Evidence
    output: str = ""
    baseline: float | None = None
    detail: str = ""
    interval: tuple[float, float] | None = None
    quantiles: tuple[float, ...] = ()
    drop_quantiles: tuple[float, ...] = ()
    applies: bool = True


# What a line of `accept:` can have of any metric; its other fields are the metric's parameters.
LIMIT_FIELDS = ("min", "max", "max_drop", "confidence", "evidence")
# The highest `confidence` that 1000 resamples can show.
MOST_CONFIDENCE = 0.998


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One line of `accept:`. At least one of min, max, max_drop is given; with `confidence` (0..1) they bind
    the interval in which the figure lies so surely, not the figure alone. `params` are the metric's.
    """

    metric: str
    min: float | None = None
    max: float | None = None
    max_drop: float | None = None
    confidence: float | None = None
    evidence: tuple[Evidence, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    declared_at: Position | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """Lets one metric fail until a day. `expires` is ISO 8601 (`2026-12-31`), last day it holds."""

    metric: str
    reason: str
    owner: str
    expires: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A judged measurement: what a report shows and a gate acts on. `limit` is for reading. For drawing:
    `bound` is the plain minimum or maximum in it, of two the one that the value is nearer to or beyond, and
    `side` says which it is; no bound where a drop decides."""

    metric: str
    value: float | None
    unit: str
    limit: str
    verdict: Verdict
    evidence: Evidence | None
    output: str = ""
    detail: str = ""
    bound: float | None = None
    side: Literal["", "min", "max"] = ""
    baseline: float | None = None
    interval: tuple[float, float] | None = None
