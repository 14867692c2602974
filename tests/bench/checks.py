"""What verification costs: all checks and probes of a variant beside one run of the evaluation data through
source and artifact."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import shipped
from measure import doit

TARGETS = ("host-cpu", "oak1-max", "panacast20", "panacast50", "snapdragon-8gen2")


def run(scale):
    """By variant: seconds of running source and artifact, of all that verifies, and their ratio. Each step's
    own seconds, as its report has them, of one build into an empty store, a step at a time and on one core:
    an emulator shares its samples among the cores."""
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        project = shipped.copy(Path(folder) / "project")
        for target in TARGETS:
            subprocess.run(
                doit("build", f"target={target}"), cwd=project, check=True,
                env=shipped.environment(project), stdout=subprocess.DEVNULL,
                preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
            )  # fmt: skip
            for path in sorted((project / "artifacts" / target).rglob("report.json")):
                report = json.loads(path.read_bytes())
                rows[report["name"]] = row = _row(report["pipeline"])
                print(
                    f"checks {report['name']}: evaluation {row['evaluation_s']:.2f} s, verification"
                    f" {row['verification_s']:.2f} s ({row['ratio']:.2f} x); longest:"
                    f" {', '.join(f'{k} {s:.2f} s' for k, s in row['longest'])}",
                    flush=True,
                )
    return rows


def _row(pipeline):
    def seconds(*roles):
        return {s["kind"]: s["seconds"] for s in pipeline if s["kind"].startswith(roles)}

    evaluation = sum(seconds("runtime/").values())
    work = seconds("check/", "probe/")
    verification = sum(work.values())
    longest = sorted(work.items(), key=lambda item: -item[1])[:3]
    return {
        "evaluation_s": evaluation,
        "verification_s": verification,
        "ratio": verification / evaluation,
        "longest": longest,
    }
