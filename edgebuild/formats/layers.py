"""How far each layer of an artifact is from the source's, over a few samples, as JSON.

A layer is a float value that a node of the source makes; it stands for the node. What the artifact does not
have by the same name and in the same shape (of a convolution that was fused with its activation only what
comes out of both is left) is listed as unmatched, and named with the layer that it went into.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from edgebuild.formats import dataset, onnx_run, onnx_values
from edgebuild.formats.feed import feed
from edgebuild.formats.onnx_values import Value
from edgebuild.step import Call, Contract, Evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]
    Arrays: TypeAlias = Mapping[str, Array]

CONSUMES = ("source_model", "evaluation", "expected", "actual")
# To the note, where an artifact's names are not ours.
BY_NAME = "; layers are paired by their names, which somebody else gave"
# What an arithmetic by itself leaves of a layer, in dB. A layer goes wrong by what is missing to it.
_KEEPS_DB = {"8 bit": 30.0, "float16": 50.0, "float32": 110.0}
_SHARE = 8
_BLOCK = 1 << 15  # values at a time: what a processor keeps close
_INFINITE = {"inf": math.inf, "-inf": -math.inf}

Arithmetic = Literal["8 bit", "float16", "float32"]
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """What gives an artifact's inner values: it takes what `contract` says, and answers by the source's names.

    `note` says, when all is done, in what it is not the artifact's own file.
    """

    execute: Callable[[dict[str, Array]], Arrays]
    contract: Contract
    arithmetic: Arithmetic
    note: Callable[[], str]
    evidence: Evidence = "host"


def compare(call: Call, artifact: Artifact, *, most: int) -> None:
    """Write the port `layers`: the artifact against the source in ONNX Runtime, unoptimised.

    `call` has the inputs CONSUMES and the fact `source_contract`. Compared are the samples whose answers
    are worst, one at a time, so that one sample's values are all that has to be kept: `most` of them, and
    no more than an eighth of the data, for looking inside should cost less than running it all.
    """
    model = call.inputs["source_model"].read_bytes()
    values = onnx_values.read(model)
    session = onnx_run.session(
        onnx_values.exposed(model, [v.name for v in values]), threads=call.threads
    )
    inputs = dataset.load(call.inputs["evaluation"])["inputs"]
    expected, actual = (dataset.load(call.inputs[p])["outputs"] for p in ("expected", "actual"))
    source = Contract.from_json(call.facts["source_contract"])

    def fed(contract: Contract, i: int) -> dict[str, Array]:
        return {
            name: feed(inputs[name][i], source.inputs[name], tensor)
            for name, tensor in contract.inputs.items()
        }

    sums = {v.name: Sums() for v in values}
    copy: dict[str, Sums] = {}
    length = len(next(iter(expected.values())))
    chosen = worst_samples(expected, actual, min(most, max(1, length // _SHARE)))
    for i in chosen:
        found = artifact.execute(fed(artifact.contract, i))
        for name, array in onnx_run.run(session, fed(source, i)).items():
            if name in sums and _is_float(array):
                sums[name].add(array, found.get(name))
        for name in actual.keys() & found.keys():
            copy.setdefault(name, Sums()).add(actual[name][i], found[name])
    agreed = min((s.sqnr_db for s in copy.values() if s.sqnr_db is not None), default=None)
    floats = [v for v in values if sums[v.name].seen]
    bad = next((v for v in floats if sums[v.name].nonfinite_source), None)
    document = {
        "evidence": artifact.evidence,
        "samples": len(chosen),
        "rows": _rows(floats, sums),
        "unmatched": [v.name for v in floats if not sums[v.name].matched],
        "note": _note(artifact.note(), agreed),
        "copy_sqnr_db": agreed,
        "keeps_db": _KEEPS_DB[artifact.arithmetic],
        "source_not_finite": bad and {"name": bad.name, "op": bad.op, "layer": bad.node},
    }
    text = json.dumps(_finite(document), indent=1, allow_nan=False)
    call.outputs["layers"].write_text(text)


def load(path: Path) -> dict[str, Any]:
    """What `compare` wrote: see `edgebuild.steps.checks.parity` for what it means."""
    document: dict[str, Any] = json.loads(path.read_text())
    document["copy_sqnr_db"] = _INFINITE.get(document["copy_sqnr_db"], document["copy_sqnr_db"])
    document["rows"] = [
        {key: _INFINITE.get(value, value) if isinstance(value, str) and key not in _TEXTS else value
         for key, value in row.items()}
        for row in document["rows"]
    ]  # fmt: skip
    return document


_TEXTS = ("name", "op", "layer")


def worst(rows: Sequence[Row], count: int) -> list[Row]:
    """Those with the lowest SQNR, the lowest first."""
    known = [row for row in rows if row["sqnr_db"] is not None]
    return sorted(known, key=lambda row: (row["sqnr_db"], row["depth"]))[:count]


def loss_db(row: Row, keeps_db: float) -> float:
    """What a layer loses of what all layers before it still had: where a network goes wrong, and not where
    that shows."""
    if row["sqnr_db"] is None:
        return 0.0
    had = min(row["input_sqnr_db"], keeps_db)
    return float(max(0.0, had - max(row["sqnr_db"], -keeps_db)))


def worst_samples(expected: Arrays, actual: Arrays, count: int) -> list[int]:
    """Indices of the samples whose worst output is farthest off, in their order; values that are not
    finite, on whichever side, are the farthest."""
    import numpy as np

    both = [n for n in expected if n in actual and expected[n].shape == actual[n].shape]
    length = len(next(iter(expected.values())))

    def rank(i: int) -> float:
        ranks = [math.inf]
        for name in both:
            want, have = expected[name][i], actual[name][i]
            one = Sums()
            one.add(want, have)
            finite = bool(np.isfinite(want).all() and np.isfinite(have).all())
            figure = one.sqnr_db if finite else -math.inf
            ranks.append(math.inf if figure is None else figure)
        return min(ranks)

    return sorted(sorted(range(length), key=rank)[:count])


@dataclass(kw_only=True)
class Sums:
    """What is kept of all pairs of arrays of one layer. Values that the source itself does not have finite
    are left out of every figure but their count; where only the artifact's are not, the error is infinite."""

    seen: bool = False
    matched: bool = False
    nonfinite: int = 0
    nonfinite_source: int = 0
    count: int = 0
    signal: float = 0.0
    noise: float = 0.0
    product: float = 0.0
    power: float = 0.0
    total: float = 0.0
    max_abs: float = 0.0

    def add(self, wanted: Array, found: Array | None) -> None:
        """One sample's. Without a counterpart, or with one of another shape, only the source's is counted."""
        import numpy as np

        self.seen = True
        if found is None or found.shape != wanted.shape:
            self.nonfinite_source += int(wanted.size - np.isfinite(wanted).sum())
            return
        self.matched = True
        want, have = wanted.ravel(), found.ravel()
        for start in range(0, want.size, _BLOCK):
            part = slice(start, start + _BLOCK)
            self._add(want[part].astype(np.float64), have[part].astype(np.float64))

    def _add(self, want: Array, have: Array) -> None:
        import numpy as np

        signal, power = float(want @ want), float(have @ have)
        lost = False
        if not math.isfinite(signal + power):
            known, there = np.isfinite(want), np.isfinite(have)
            self.nonfinite_source += int(want.size - known.sum())
            self.nonfinite += int(have.size - there.sum())
            lost = bool((known & ~there).any())
            self.count += int((known & ~there).sum())
            want, have = want[known & there], have[known & there]
            signal, power = float(want @ want), float(have @ have)
        error = want - have
        self.count += want.size
        self.signal += signal
        self.power += power
        self.product += float(want @ have)
        self.noise += math.inf if lost else float(error @ error)
        np.abs(error, out=error)
        self.total += math.inf if lost else float(error.sum())
        self.max_abs = max(self.max_abs, math.inf if lost else float(error.max(initial=0.0)))

    @property
    def sqnr_db(self) -> float | None:
        """None where the source has nothing but zeros, or nothing finite: there is no ratio then."""
        if not self.count:
            return None
        if self.noise == 0:
            return math.inf
        if math.isinf(self.noise):
            return -math.inf
        return 10 * math.log10(self.signal / self.noise) if self.signal else None

    @property
    def cosine(self) -> float | None:
        """None where it is not defined."""
        if not self.count or math.isinf(self.noise):
            return None
        length = math.sqrt(self.signal) * math.sqrt(self.power)
        return self.product / length if length else float(self.signal == self.power)

    @property
    def mean_abs(self) -> float | None:
        return self.total / self.count if self.count else None


@dataclass(frozen=True, kw_only=True)
class _Reached:
    """What stands behind a value: the lowest SQNR of all layers up to it, and nodes since the nearest.

    The lowest: a large constant that is added hides an error until it is taken away again.
    """

    sqnr_db: float = math.inf
    nodes: tuple[str, ...] = field(default=())


def _rows(values: Sequence[Value], sums: Mapping[str, Sums]) -> list[Row]:
    rows: list[Row] = []
    reached: dict[str, _Reached] = {}
    for value in values:
        before = [reached[name] for name in value.inputs if name in reached]
        sqnr_db = min((b.sqnr_db for b in before), default=math.inf)
        nodes = tuple(dict.fromkeys(node for b in before for node in b.nodes))
        figures = sums[value.name]
        if not figures.matched:
            reached[value.name] = _Reached(sqnr_db=sqnr_db, nodes=(*nodes, value.node))
            continue
        own = figures.sqnr_db
        reached[value.name] = _Reached(sqnr_db=sqnr_db if own is None else min(own, sqnr_db))
        rows.append(
            {
                "name": value.name,
                "op": value.op,
                "layer": value.node,
                "depth": len(rows),
                "sqnr_db": own,
                "input_sqnr_db": sqnr_db,
                "max_abs": figures.max_abs,
                "mean_abs": figures.mean_abs,
                "cosine": figures.cosine,
                "nonfinite": figures.nonfinite,
                "nonfinite_source": figures.nonfinite_source,
                "includes": list(nodes),
            }
        )
    return rows


def _note(note: str, agreed: float | None) -> str:
    """How what was run here answers, beside what the artifact itself did."""
    if agreed is None:
        return note
    if agreed == math.inf:
        return f"{note}; its outputs are the artifact's"
    return f"{note}; its outputs agree with the artifact's to {agreed:.1f} dB"


def _is_float(array: Any) -> bool:
    return getattr(getattr(array, "dtype", None), "kind", "") == "f"


def _finite(value: Any) -> Any:
    """JSON has no infinity: `inf` and `-inf` as texts."""
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value
