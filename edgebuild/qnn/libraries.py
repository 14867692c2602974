"""Where the QNN libraries of the tool environment are."""

from __future__ import annotations

from pathlib import Path

from edgebuild.qnn import QnnError


def folder() -> Path:
    """The folder of the installed `onnxruntime-qnn`. QnnError if it is not there."""
    try:
        import onnxruntime_qnn
    except ImportError as error:
        raise QnnError(
            "onnxruntime-qnn is not installed in this tool environment",
            hint="`doit tools` installs it, once the licence qualcomm-ai-stack is accepted",
        ) from error
    return Path(onnxruntime_qnn.LIB_DIR_FULL_PATH)


def library(name: str) -> Path:
    """One library of it, such as `libQnnHtp.so`. QnnError if it is not there."""
    path = folder() / name
    if not path.is_file():
        raise QnnError(
            f"the QNN library {name} is not where it belongs",
            fields={"folder": str(path.parent)},
            hint="install the `qnn` tool environment again",
        )
    return path
