"""Drivers of vendors' cloud compilers: what is sent, what may come back, what may be told of it.

Each uses the vendor's own client, in the tool environment of that client. A service changes
under its users and may answer anything: whoever calls a driver checks the bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from edgebuild.errors import EdgebuildError

# How a company's network is reached through; may hold a password, and changes no byte.
CONNECTION: Mapping[str, str] = dict.fromkeys(
    ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE"), ""
)


class CloudError(EdgebuildError):
    """A service that cannot be reached, lets nobody in, refuses the model or answers nonsense."""


def log(told: Mapping[str, str]) -> None:
    """Into the step's log: what a service said of itself, a line each."""
    sys.stdout.writelines(f"{name}: {text}\n" for name, text in told.items())
