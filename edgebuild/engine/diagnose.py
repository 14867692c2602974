"""Look for what could explain that a variant is rejected, by steps that run only then."""

from __future__ import annotations

import datetime
import json
from typing import Any

from edgebuild.engine import publish
from edgebuild.engine.session import Session
from edgebuild.engine.toolbox import Toolbox
from edgebuild.errors import EdgebuildError
from edgebuild.plan.graph import Variant, order
from edgebuild.step import Output

# Checks that say the cause with the figure: what is too large or too slow is just that.
_PLAIN = frozenset({"cost", "latency", "placement", "security", "size", "skew", "weights"})


def diagnose(
    session: Session, toolbox: Toolbox, variant: Variant, today: datetime.date
) -> list[dict[str, Any]]:
    """Causes with their evidence, the likeliest first; none if every gate holds. BlobLost.

    A diagnosis that fails does not hide what it was to explain: it is told as what it is.
    """
    findings, _ = publish.judged(session, variant, today)
    failed = {f.metric.partition(".")[0] for f in findings if f.verdict not in ("passed", "waived")}
    if not variant.diagnosis or failed <= _PLAIN:
        return []
    graph = session.graph
    try:
        for name in order({**graph.steps, **graph.later}, [variant.diagnosis]):
            if name not in session.outcomes:
                toolbox.provide([session.kinds.get(graph.step(name).kind).tools])
                if not session.restore(name):
                    session.build(name)
        made = session.output(Output(step=variant.diagnosis, port="diagnosis"))
        found = json.loads(session.store.read(made))
    except EdgebuildError as error:
        return [{"cause": "no diagnosis could be made", "evidence": error.message}]
    return [
        {"cause": row["cause"], "evidence": row["evidence"]}
        for row in found
        if not row.get("about") or not failed.isdisjoint(row["about"])
    ]
