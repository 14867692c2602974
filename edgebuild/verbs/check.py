"""`doit check`: validate every manifest."""

from __future__ import annotations

from edgebuild.verbs import Context


def run(context: Context) -> bool:
    """ManyErrors with every problem of every file; otherwise one line."""
    project = context.project
    context.say(f"ok: {len(project.models)} models, {len(project.targets)} targets")
    return True
