"""Inside the compiler's process: reads a request, has the compiler write a blob, and ends.

The process serves one compilation and ends without C++'s clean-up, which would free memory that
Python laid out. Started by `edgebuild.myriad.compile` with the path of a JSON request.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from pathlib import Path

from edgebuild.myriad import core
from edgebuild.myriad.complaints import REFUSED

_PR_SET_PDEATHSIG = 1


def main(request_file: str) -> None:
    """Never returns."""
    # Whoever waits for this process may be killed; a compiler nobody waits for must not go on.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # errors abort by design
    request = json.loads(Path(request_file).read_text())
    folder = Path(request["libraries"])
    try:
        engine = core.load(folder, Path(request["libusb"]))
        core.compile_model(
            engine,
            folder=folder,
            model=Path(request["model"]),
            blob=Path(request["blob"]),
            inputs=request["inputs"],
            config=request["config"],
        )
    except core.OtherInputsError as error:
        _end(str(error), REFUSED)
    except Exception as error:  # of the driver, not of the model
        _end(f"{type(error).__name__}: {error}", 1)
    _end("", 0)


def _end(text: str, code: int) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(code)
