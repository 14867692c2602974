"""What each step of a project was built from last time, so that `plan` and `explain` can say what changed."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard


class Records:
    """Actions by step id, in one JSON file below the project's `.edgebuild/`.

    Serves messages only: losing it changes no build. An unreadable file counts as empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._actions: dict[str, Any] | None = None
        self._changed = False

    def action(self, step_id: str) -> Mapping[str, Any] | None:
        """`Action.to_json()` of the step's last result, or None."""
        with self._lock:
            found = self._load().get(step_id)
        return found if _is_action(found) else None

    def note(self, step_id: str, action: Mapping[str, Any]) -> None:
        with self._lock:
            known = self._load()
            if known.get(step_id) != action:
                known[step_id] = dict(action)
                self._changed = True

    def save(self) -> None:
        """Write what is new, if that is possible; the file is replaced whole."""
        with self._lock:
            if not self._changed:
                return
            temp = self._path.with_name(f".{self._path.name}.{os.getpid()}")
            # A build that succeeded must not fail for this: without records, the next one only says
            # "never built" where it could have said what changed.
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                temp.write_text(json.dumps(self._load(), sort_keys=True))
                temp.replace(self._path)
                self._changed = False
            with contextlib.suppress(OSError):
                temp.unlink(missing_ok=True)

    def _load(self) -> dict[str, Any]:
        if self._actions is None:
            try:
                found = json.loads(self._path.read_bytes())
            except (OSError, ValueError, RecursionError):
                found = {}
            self._actions = found if isinstance(found, dict) else {}
        return self._actions


def _is_action(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether what was read has the form that reasons are found in; anything may lie in the file."""
    return isinstance(value, dict) and all(
        isinstance(value.get(part), dict) for part in ("params", "facts", "platform", "inputs")
    )
