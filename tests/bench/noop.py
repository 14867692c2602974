"""Nothing to do: the real `doit build target=...` beside ninja, make and naive doit on as many steps."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import ROOT, doit, environment, seconds

_NAIVE = """
CHAIN = {chain}
def touch(target):
    open(target, "w").close()
def task_t():
    for m in range({models}):
        for s in range(CHAIN):
            before = f"src/m{{m}}" if s == 0 else f"out/m{{m}}.{{s - 1}}"
            out = f"out/m{{m}}.{{s}}"
            yield {{"name": f"{{m}}.{{s}}", "file_dep": [before], "targets": [out],
                   "actions": [(touch, [out])]}}
DOIT_CONFIG = {{"verbosity": 0, "reporter": "zero", "backend": "sqlite3"}}
"""
CHAIN = 10


def run(scale):
    """Rows of seconds by number of steps; `scale` is the largest number."""
    rows = []
    for steps in (n for n in (100, 1000, 10_000, 100_000) if n <= scale):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(_one(Path(folder), steps))
            row = rows[-1]
            print(
                f"nothing to do, {steps:>7} steps: edgebuild {row['edgebuild']:.3f} s,"
                f" ninja {row['ninja']:.3f}, make {row['make']:.3f},"
                f" naive doit {row['naive doit']:.3f};"
                f" {row['edgebuild'] / row['ninja']:.2f} x ninja",
                flush=True,
            )
    return rows


def _one(folder, steps):
    ours, theirs = folder / "ours", folder / "theirs"
    ours.mkdir()
    # As the builds to come are started: where Python looks for kinds is part of what is recorded.
    subprocess.run(
        [sys.executable, ROOT / "tests/bench/synthetic.py", ours, str(steps)],
        env=environment(ours / "home"),
        check=True,
    )
    command = doit("build", "target=board")
    first = subprocess.run(command, cwd=ours, env=environment(ours / "home"), capture_output=True)
    assert b"nothing to do" in first.stdout, (first.stdout + first.stderr)[-2000:]
    _write_others(theirs, steps)
    ninja = shutil.which("ninja", path=f"{Path(sys.executable).parent}:/usr/bin:/usr/local/bin")
    if ninja is None:
        raise SystemExit("ninja is not installed: pip install ninja")
    subprocess.run([ninja, "--quiet"], cwd=theirs, check=True)
    subprocess.run(doit("--file", "naive.py"), cwd=theirs, check=True, stdout=subprocess.DEVNULL)
    few = 3 if steps >= 100_000 else 7
    return {
        "steps": steps,
        "edgebuild": seconds(command, ours, environment(ours / "home"), runs=7),
        "ninja": seconds([ninja, "--quiet"], theirs, runs=7),
        "make": seconds(["make", "-s"], theirs, runs=few),
        "naive doit": seconds(doit("--file", "naive.py"), theirs, runs=few),
    }


def _write_others(folder, steps):
    """The same shape for the others: chains of ten files from a source each, all of them on disk."""
    for name in ("src", "out"):
        (folder / name).mkdir(parents=True)
    models = steps // CHAIN
    ninja = ["rule touch", "  command = touch $out"]
    makefile = [".SUFFIXES:", "MAKEFLAGS += -r -R"]
    goals = " ".join(f"out/m{m}.{CHAIN - 1}" for m in range(models))
    makefile.append(f"all: {goals}")
    for m in range(models):
        (folder / f"src/m{m}").write_text(f"{m}\n")
        before = f"src/m{m}"
        for s in range(CHAIN):
            out = f"out/m{m}.{s}"
            ninja.append(f"build {out}: touch {before}")
            makefile.append(f"{out}: {before}\n\t@touch {out}")
            before = out
    (folder / "build.ninja").write_text("\n".join(ninja) + "\n")
    (folder / "Makefile").write_text("\n".join(makefile) + "\n")
    (folder / "naive.py").write_text(_NAIVE.format(chain=CHAIN, models=models))
