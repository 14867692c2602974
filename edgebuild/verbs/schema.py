"""`doit schema [of=manifest|report]`: the JSON Schema of the manifests, or of report.json."""

from __future__ import annotations

import json
from typing import Any

from edgebuild.errors import EdgebuildError, suggest
from edgebuild.verbs import Context

_OF = ("manifest", "report")


def run(context: Context, of: str | None = None) -> bool:
    if of is not None and of not in _OF:
        near = suggest(of, _OF)
        raise EdgebuildError(
            f"there is no schema of `{of}`",
            hint=f"did you mean `of={near}`?" if near else f"there are: {', '.join(_OF)}",
        )
    context.say(json.dumps(_schema(context, of or "manifest"), indent=2))
    return True


def _schema(context: Context, of: str) -> dict[str, Any]:
    if of == "report":
        from edgebuild.report import schema

        return schema.schema()
    from edgebuild.manifest.schema import schema as of_manifests

    return of_manifests(context.kinds)
