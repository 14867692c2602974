"""Luxonis' own library reads of a blob what edgebuild's reader does: an independent check, no device.

Run by the `depthai` environment's Python. EDGEBUILD_BLOBS may name more blobs than those that lie
beside the reader's tests, separated as in PATH. The library is kept in a process of its own, for
it has been seen to crash on files that are no blobs.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgebuild.formats import blob

BLOBS = sorted((Path(__file__).parents[2] / "formats" / "blobs").glob("*.blob"))
BLOBS += [Path(name) for name in os.environ.get("EDGEBUILD_BLOBS", "").split(os.pathsep) if name]

# What of a blob depthai tells, as JSON; dims come innermost first.
OPEN = """
import json, sys
import depthai
found = depthai.OpenVINO.Blob(sys.argv[1])
def side(tensors):
    return {
        name: [str(t.dataType).rpartition(".")[2], list(reversed(t.dims)), t.offset]
        for name, t in tensors.items()
    }
json.dump({
    "shaves": found.numShaves,
    "slices": found.numSlices,
    "stages": found.stageCount,
    "inputs": side(found.networkInputs),
    "outputs": side(found.networkOutputs),
}, open(sys.argv[2], "w"))
"""
PRECISIONS = {"FP16": "FP16", "U8": "U8F", "S32": "INT", "FP32": "FP32", "I8": "I8"}


def opened(path, tmp_path):
    answer = tmp_path / "answer.json"
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(path), str(answer)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")
    return json.loads(answer.read_text())


def side(tensors):
    """As depthai tells it: without the tensors that carry a shape computed at run time."""
    return {
        t.name: [PRECISIONS[t.precision], list(t.shape), t.offset]
        for t in tensors
        if not t.name.endswith("@shape")
    }


def test_there_are_blobs_to_open():
    assert BLOBS


@pytest.mark.parametrize("path", BLOBS, ids=[path.name for path in BLOBS])
def test_depthai_and_edgebuild_read_the_same(path, tmp_path):
    found = blob.read(path.read_bytes())
    assert all(t.dense for t in (*found.inputs, *found.outputs))
    assert opened(path, tmp_path) == {
        "shaves": found.shaves,
        "slices": found.slices,
        "stages": len(found.stages),
        "inputs": side(found.inputs),
        "outputs": side(found.outputs),
    }


def test_a_blob_that_differs_is_noticed(tmp_path):
    """The comparison compares: a blob of other SHAVEs opens, and is not the same."""
    one, other = BLOBS[0], next(b for b in BLOBS if b.name.startswith("pixel"))
    assert opened(one, tmp_path)["shaves"] != blob.read(other.read_bytes()).shaves
