"""Why a node cannot be rewritten, and the one error that lists all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edgebuild.errors import EdgebuildError


class RefusedError(Exception):
    """Raised by a rewrite: the node is one it is for, but this case cannot be done. Says why."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.hint = hint


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One node (or input) that stands in the way."""

    op: str
    node: str
    why: str
    hint: str = ""


class LegalizeError(EdgebuildError):
    """Nodes that have no exact form the target reads; `refusals` are all of them."""

    def __init__(self, message: str, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        hints = dict.fromkeys(r.hint for r in self.refusals if r.hint)
        super().__init__(
            message + "".join(f"\n  {r.op} `{r.node}`: {r.why}" for r in self.refusals),
            hint="; ".join(hints) or "change the network, or leave the part out of the model",
        )
