"""`doit report target=NAME`: where the reports of a target are, with their verdicts."""

from __future__ import annotations

from edgebuild.errors import EdgebuildError
from edgebuild.report.read import REPORT, read_report
from edgebuild.verbs import Context


def run(context: Context, target: str | None = None, model: str | None = None) -> bool:
    """Whether all of them can be read; what cannot is named with its remedy."""
    if not target:
        raise EdgebuildError("say which target", hint="target=NAME; `doit show` lists them")
    folder = context.root / "artifacts" / target
    found = [
        path
        for path in sorted((folder / model if model else folder).rglob(REPORT))
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not found:
        raise EdgebuildError(
            f"nothing was built for `{target}` yet", hint=f"doit build target={target}"
        )
    sound = True
    for path in found:
        report = read_report(path)
        if report is None:
            sound = False
            context.say(f"unreadable  {path}")
            context.say(
                f"  doit build target={target} writes it again; if no manifest declares it any more,"
                " remove its folder"
            )
            continue
        verdict = "accepted" if report["accepted"] else "REJECTED"
        context.say(f"{verdict}  {report['name']}  {path.with_name('report.html')}")
    return sound
