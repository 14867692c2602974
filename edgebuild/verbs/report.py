"""`doit report target=NAME`: where the reports of a target are, with their verdicts."""

from __future__ import annotations

import json

from edgebuild.errors import EdgebuildError
from edgebuild.verbs import Context


def run(context: Context, target: str | None = None, model: str | None = None) -> bool:
    if not target:
        raise EdgebuildError("say which target", hint="target=NAME; `doit show` lists them")
    folder = context.root / "artifacts" / target
    found = sorted((folder / model if model else folder).rglob("report.json"))
    if not found:
        raise EdgebuildError(
            f"nothing was built for `{target}` yet", hint=f"doit build target={target}"
        )
    for path in found:
        report = json.loads(path.read_bytes())
        verdict = "accepted" if report["accepted"] else "REJECTED"
        context.say(f"{verdict}  {report['name']}  {path.with_name('report.html')}")
    return True
