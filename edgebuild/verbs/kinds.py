"""`doit kinds [kind=NAME]`: every kind of step there is, or the manual page of one."""

from __future__ import annotations

import dataclasses
import textwrap

from edgebuild.errors import EdgebuildError, suggest
from edgebuild.kinds import Kinds
from edgebuild.step import Metric
from edgebuild.verbs import Context

_ROLES = ("source", "data", "pass", "backend", "runtime", "probe", "check", "training")


def run(context: Context, kind: str | None = None) -> bool:
    if kind:
        context.say(_manual(context.kinds, kind))
    else:
        _list(context)
    return True


def _list(context: Context) -> None:
    kinds = context.kinds
    for role in _ROLES:
        context.say(f"{role}:")
        for name in kinds.names(role):  # type: ignore[arg-type]
            first = kinds.manual(f"{role}/{name}").strip().partition("\n")[0]
            context.say(f"  {name:<20} {first}")
    context.say("metrics:")
    metrics = kinds.metrics()
    width = max(map(len, metrics))
    for name, metric in sorted(metrics.items()):
        context.say(f"  {name:<{width}} {_measures(metric)}")


def _measures(metric: Metric) -> str:
    unit = f" [{metric.unit}]" if metric.unit else ""
    return f"{metric.doc}{unit}, {metric.better} is better"


def _manual(kinds: Kinds, name: str) -> str:
    known = {f"{role}/{n}" for role in _ROLES for n in kinds.names(role)}  # type: ignore[arg-type]
    known |= {f"metric/{n}" for n in kinds.quality_metrics()}
    # As `accept` names them: quality.accuracy, parity.sqnr_db.
    check, _, figure = name.partition(".")
    if name in kinds.metrics():
        name = f"metric/{figure}" if check == "quality" else f"check/{check}"
    matches = sorted(k for k in known if name in (k, k.partition("/")[2]))
    if not matches:
        near = suggest(name, [*known, *(k.partition("/")[2] for k in known)])
        raise EdgebuildError(
            f"unknown kind `{name}`",
            hint=f"did you mean `{near}`?" if near else "`doit kinds` lists them",
        )
    return "\n\n".join(_page(kinds, match) for match in matches)


def _page(kinds: Kinds, kind_id: str) -> str:
    head = [kind_id, "=" * len(kind_id), kinds.manual(kind_id).strip(), ""]
    role, _, name = kind_id.partition("/")
    return "\n".join(
        [*head, *(_metric(kinds, name) if role == "metric" else _kind(kinds, kind_id))]
    )


def _metric(kinds: Kinds, name: str) -> list[str]:
    metric = kinds.metric(name)
    params = [field.name.rstrip("_") for field in dataclasses.fields(metric.params)]
    bound = "min" if metric.better == "higher" else "max"
    example = ", ".join(f"{field}: ..." for field in (bound, *params))
    return [
        f"in accept: quality.{name}: {{{example}}}",
        f"unit:      {metric.unit or 'none'}; {metric.better} is better",
        *_params(metric.params),
    ]


def _kind(kinds: Kinds, kind_id: str) -> list[str]:
    kind = kinds.get(kind_id)
    lines = []
    lines.append(f"reads:     {', '.join(kind.consumes) or 'nothing'}")
    lines.append(f"makes:     {', '.join(f'{p} ({n})' for p, n in kind.produces.items())}")
    lines.append(f"tools:     {kind.tools}")
    lines += _params(kind.params)
    for name, metric in kind.metrics.items():
        full = f"{kind_id.partition('/')[2]}.{name}"
        lines += _wrapped(f"  measures {full}: {_measures(metric)}")
    return lines


def _params(params: type) -> list[str]:
    lines = []
    for field in dataclasses.fields(params):
        default = "" if field.default is dataclasses.MISSING else f" (default {field.default!r})"
        doc = field.metadata.get("doc", "")
        lines += _wrapped(f"  {field.name.rstrip('_')}: {field.type}{default}  {doc}")
    return lines


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(
        line, 100, subsequent_indent=" " * 6, break_long_words=False, break_on_hyphens=False,
        drop_whitespace=True, replace_whitespace=False,
    )  # fmt: skip
