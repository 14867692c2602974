"""Restoring all artifacts of the shipped targets from the store after artifacts/ was deleted, and memory."""

import os
import shutil
import subprocess
import time

from measure import ROOT, doit, peak_rss_mb, seconds

TARGETS = ("host-cpu", "oak1-max", "panacast20", "panacast50")


def run(scale):
    """Seconds by target: build that restores, build with nothing to do; MB of the main process."""
    env = dict(os.environ)
    rows = {}
    for target in TARGETS:
        command = doit("build", f"target={target}")
        subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(ROOT / "artifacts" / target)
        shutil.rmtree(ROOT / ".edgebuild/done", ignore_errors=True)
        memory = peak_rss_mb(command, ROOT, env)
        shutil.rmtree(ROOT / "artifacts" / target)
        started = time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
        restored = time.perf_counter() - started
        rows[target] = {
            "restore_s": restored,
            "noop_s": seconds(command, ROOT, env),
            "peak_rss_mb": memory,
        }
        print(target, {name: round(value, 3) for name, value in rows[target].items()}, flush=True)
    return rows
