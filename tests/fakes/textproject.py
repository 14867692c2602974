"""A project on disk whose models are text, with the real loader and the real `doit`."""

import os
import signal
import subprocess
import sys
from pathlib import Path

FAKES = Path(__file__).parent
DODO = "from edgebuild.tasks import *\n"
TARGET = "kind: target\nname: board\ndescription: a board\ndevice: {vendor: Zilog, soc: Z80}\nbackend: upper\n"


def manifest(name, recipe="", target=""):
    """A model `name` with source `<name>.txt` beside its manifest."""
    return (
        f"kind: model\nname: {name}\nversion: 1.0.0\nlicense: MIT\n"
        f"source: {{text: {{file: {name}.txt}}}}\n"
        "inputs: {x: {shape: [1]}}\noutputs: {y: {shape: [1]}}\n"
        f"recipe: [{recipe}]\ntargets: {{board: {{{target}}}}}\n"
    )


def write(root, models, recipe="", target=""):
    """`models` maps names to source text."""
    (root / "manifests/targets").mkdir(parents=True, exist_ok=True)
    (root / "dodo.py").write_text(DODO)
    (root / "manifests/targets/board.yaml").write_text(TARGET)
    for name, text in models.items():
        folder = root / "manifests/models" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.txt").write_text(text)
        (folder / "manifest.yaml").write_text(manifest(name, recipe, target))


def environment(home):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("EDGEBUILD_", "PYTHON"))}
    return {**kept, "PYTHONPATH": str(FAKES), "EDGEBUILD_HOME": str(home)}


def doit(root, *words, home=None, more=None, **options):
    """Run the real doit in `root`; its process's result with text output. `more` variables for it."""
    return subprocess.run(
        [sys.executable, "-m", "doit", *words],
        cwd=root,
        env=environment(home or root / "home") | (more or {}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )


def start(root, *words, home=None):
    return subprocess.Popen(
        [sys.executable, "-m", "doit", *words],
        cwd=root,
        env=environment(home or root / "home"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # A shell that runs the tests in the background has its children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
