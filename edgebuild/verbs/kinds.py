"""`doit kinds [kind=NAME]`: every kind of step there is, or the manual page of one."""

from __future__ import annotations

import dataclasses

from edgebuild.errors import EdgebuildError, suggest
from edgebuild.kinds import Kinds
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
    for name, metric in sorted(kinds.metrics().items()):
        unit = f" [{metric.unit}]" if metric.unit else ""
        context.say(f"  {name:<24} {metric.doc}{unit}, {metric.better} is better")


def _manual(kinds: Kinds, name: str) -> str:
    known = {f"{role}/{n}" for role in _ROLES for n in kinds.names(role)}  # type: ignore[arg-type]
    known |= {f"metric/{n}" for n in kinds.quality_metrics()}
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
        lines.append(f"  measures {kind_id.partition('/')[2]}.{name}: {metric.doc} {metric.unit}")
    return lines


def _params(params: type) -> list[str]:
    lines = []
    for field in dataclasses.fields(params):
        default = "" if field.default is dataclasses.MISSING else f" (default {field.default!r})"
        doc = field.metadata.get("doc", "")
        lines.append(f"  {field.name.rstrip('_')}: {field.type}{default}  {doc}")
    return lines
