"""What may be shown of texts and addresses that services and their clients hand out.

Addresses for uploads and downloads carry their permission in the query, clients' messages quote
such addresses, and logs are kept.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_QUERY = re.compile(r"\?[^\s'\"<>()]*=[^\s'\"<>()]*")
_USER = re.compile(r"(?<=://)[^\s/@'\"]+@")
_FRAME = re.compile(r"[\u2500-\u257f|]+")  # lines that clients draw around their messages


def shown(text: str, *secrets: str) -> str:
    """One line of `text`, without addresses' users and queries and without any of `secrets`."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    text = _USER.sub("", _QUERY.sub("?...", text))
    return " ".join(_FRAME.sub(" ", text).split())


def service(url: str) -> str:
    """An address without user, password, query and fragment."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")
