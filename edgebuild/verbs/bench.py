"""`doit bench [only=NAME] [scale=STEPS]`: edgebuild measured against what a user would use instead."""

from __future__ import annotations

import subprocess
import sys

from edgebuild.errors import EdgebuildError
from edgebuild.verbs import Context

_PARTS = ("noop", "cold", "checks", "kills")


def run(context: Context, only: str | None = None, scale: str | None = None) -> bool:
    """Runs `tests/bench/run.py` of a checkout; `scale` is the largest number of synthetic steps."""
    if only is not None and only not in _PARTS:
        raise EdgebuildError(f"unknown benchmark `{only}`", hint=f"there are: {', '.join(_PARTS)}")
    script = context.in_checkout("tests/bench/run.py")
    command = [sys.executable, str(script), only or "", scale or "100000"]
    return subprocess.run(command, cwd=context.root, check=False).returncode == 0
