"""edgebuild's tasks for doit: `doit list` shows them, `doit build target=...` builds."""

from edgebuild.tasks import *  # noqa: F403
