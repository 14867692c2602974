"""`doit lint`: ruff, mypy --strict and the layer contract over edgebuild itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from edgebuild.verbs import Context

_COMMANDS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports", "--no-cache"),
)


def run(context: Context) -> bool:
    """Every linter runs, also after one that failed. Needs the extra `dev`."""
    context.in_checkout("edgebuild/verbs/lint.py")
    folder = Path(sys.executable).parent
    ok = True
    for command in _COMMANDS:
        context.say(f"$ {' '.join(command)}")
        context.out.flush()
        tool = folder / command[0]
        if not tool.exists():
            context.say(f"{command[0]} is not installed; pip install -e '.[dev]'")
            ok = False
            continue
        ok &= subprocess.run([tool, *command[1:]], cwd=context.root, check=False).returncode == 0
    return ok
