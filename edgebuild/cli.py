"""The `edgebuild` command: the same verbs as the doit tasks, for a project that has no dodo.py."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

_DODO = '''"""edgebuild's tasks for doit: `doit list` shows them, `doit build target=...` builds."""

from edgebuild.tasks import *  # noqa: F403
'''


def main(arguments: Sequence[str] | None = None) -> int:
    """`edgebuild VERB ...` is `doit VERB ...`; `edgebuild init` writes a dodo.py."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words == ["init"]:
        return _init(Path.cwd())
    from doit.cmd_base import ModuleTaskLoader
    from doit.doit_cmd import DoitMain

    from edgebuild import tasks

    return int(DoitMain(ModuleTaskLoader(vars(tasks)), config_filenames=()).run(words) or 0)


def _init(root: Path) -> int:
    """A dodo.py and the manifests' folders; what is there already stays as it is."""
    for folder in ("manifests/models", "manifests/targets"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    dodo = root / "dodo.py"
    if dodo.exists():
        print(f"{dodo} is there already; left as it is")
        return 0
    dodo.write_text(_DODO)
    print("wrote dodo.py, manifests/models/ and manifests/targets/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
