"""What the Python of a tool environment is started with: makes edgebuild importable, then works.

Run by path, as edgebuild is not installed there. The folder edgebuild lies in must not get onto
sys.path: the libraries of the main environment are there, and would shadow the tool environment's.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def _open_edgebuild() -> None:
    folder = Path(__file__).resolve().parents[1]
    spec = importlib.util.spec_from_file_location(
        "edgebuild", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["edgebuild"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    _open_edgebuild()
    from edgebuild.toolchains import worker

    if "--step" in sys.argv:
        worker.one_step()
    worker.main()
