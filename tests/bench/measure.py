"""Timing for benchmarks: medians of whole processes, and ratios within one run."""

import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
FAKES = ROOT / "tests/fakes"


def environment(home, **more):
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return {**kept, "EDGEBUILD_HOME": str(home), "PYTHONPATH": str(FAKES), **more}


def doit(*words):
    return [sys.executable, "-m", "doit", *words]


def seconds(command, cwd, env=None, *, runs=7, warm=1):
    """Median wall seconds of a command that must succeed."""
    times = []
    for number in range(warm + runs):
        started = time.perf_counter()
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, check=False)
        took = time.perf_counter() - started
        if done.returncode:
            raise SystemExit(
                f"{command}: {done.stdout.decode()[-2000:]}{done.stderr.decode()[-2000:]}"
            )
        if number >= warm:
            times.append(took)
    return statistics.median(times)


def peak_rss_mb(command, cwd, env=None):
    """Largest memory of one process that a command starts, itself mostly."""
    script = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True,"
        " stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command], cwd=cwd, env=env, capture_output=True, check=True
    )
    return int(done.stdout.split()[-1]) / 1024


def machine():
    """What the figures were measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown",
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "memory_limit": resource.getrlimit(resource.RLIMIT_AS)[0],
        "load": os.getloadavg()[0],
    }
