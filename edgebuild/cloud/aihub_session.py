"""A talk with Qualcomm AI Hub through its client `qai_hub`: the token, the time limit, what errors say.

The client reads a token and addresses from the file that QAIHUB_CLIENT_INI names. The token is
sent to that address and nowhere else: nothing that the client says goes out unfiltered.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from edgebuild.cloud import CloudError
from edgebuild.cloud.aihub_errors import SERVICE, translated, unconfigured
from edgebuild.cloud.redaction import service
from edgebuild.cloud.time_limit import time_limit

if TYPE_CHECKING:
    from qai_hub import Client, ClientConfig

# The user's variable that a step needs, and the file it means where it is not set.
SECRETS: Mapping[str, str] = {"QAIHUB_CLIENT_INI": "~/.qai_hub/client.ini"}


@dataclass(frozen=True, kw_only=True)
class Session:
    """The client; and where it talks to, as errors and logs may say it: put `job` in when there is one."""

    client: Client
    where: dict[str, str]
    token: str


@contextlib.contextmanager
def session(tools: Path, limit_s: float, *, otherwise: str) -> Iterator[Session]:
    """CloudError for whatever goes wrong inside, and if it takes longer than `limit_s`.

    `otherwise` is what one can do without AI Hub, as a clause.
    """
    import qai_hub

    client = qai_hub.Client()
    config = _config(client, tools)
    client.set_verbose(False)
    where = {"service": service(config.api_url)}
    with (
        time_limit(limit_s, lambda: _late(limit_s, where)),
        translated(where, config.api_token, tools, otherwise),
    ):
        yield Session(client=client, where=where, token=config.api_token)


def _config(client: Client, tools: Path) -> ClientConfig:
    """Address and token. The client's own complaints are not passed on: they may quote the file."""
    from qai_hub import api_utils

    path = Path(api_utils.get_config_path())
    try:
        config = client.config
    except Exception:
        raise unconfigured(path, tools) from None
    if not config.api_token.strip():
        raise unconfigured(path, tools)
    parts = urlsplit(config.api_url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise CloudError(
            "a token for Qualcomm AI Hub would go through the network unencrypted",
            fields={"service": service(config.api_url), "file": str(path)},
            hint="`api_url` in that file has to begin with https://",
        )
    return config


def _late(limit_s: float, where: Mapping[str, str]) -> CloudError:
    return CloudError(
        f"{SERVICE} is not done within {limit_s:g} s",
        fields=dict(where),
        hint="see there how the job goes" if "job" in where else "it was still being asked",
    )
