"""Traces of the machine or person that made a file: paths of homes, private hosts, keys and tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from edgebuild.formats.flaws.flaw import Flaw, short

_PATH = rb"[A-Za-z0-9._+@=~/-]{1,200}"
_PRIVATE = (
    rb"://(?:localhost|127\.\d|10\.\d|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|"
    rb"[A-Za-z0-9.-]{1,100}\.(?:local|internal|lan|corp|intranet)\b)[A-Za-z0-9.:/-]{0,60}"
)
_MOST_TRIED = 100_000
# What it is, words one of which begins it (found much sooner than a pattern), the pattern.
_Pattern = tuple[str, Sequence[bytes], bytes]
_PATHS: Sequence[_Pattern] = (
    (
        "a path in somebody's home",
        (b"/home/", b"/Users/"),
        rb"(?<![\w./-])/(?:home|Users)/[A-Za-z0-9._+-]{1,64}/" + _PATH,
    ),
    (
        "a path in somebody's home",
        (b":\\Users\\", b":\\\\Users\\\\", b":/Users/"),
        rb"(?<=[A-Za-z]):[\\/]{1,2}Users[\\/]{1,2}[A-Za-z0-9._+-]{1,64}",
    ),
    # Networks have scopes called root; a file has an ending.
    (
        "a path of the machine",
        (b"/root/", b"/tmp/", b"/mnt/", b"/builds/"),
        rb"(?<![\w./-])/(?:root|tmp|mnt|builds)/" + _PATH + rb"\.[a-z]\w{1,9}",
    ),
    ("a path of the machine", (b'File "/',), rb'File "/' + _PATH + rb'", line'),
    ("a path of the machine", (b"file:///",), rb"file:///" + _PATH),
    ("a private host", (b"://",), _PRIVATE),
)
_SECRETS: Sequence[_Pattern] = (
    ("a private key", (b"-----BEGIN ",), rb"-----BEGIN (?:[A-Z]{1,10} ){0,3}PRIVATE KEY-----"),
    ("a token of Hugging Face", (b"hf_",), rb"\bhf_[A-Za-z0-9]{30,60}\b"),
    ("a token of GitHub", (b"ghp_", b"gho_", b"ghs_", b"ghu_"), rb"\bgh[opsu]_[A-Za-z0-9]{36}"),
    ("a token of GitHub", (b"github_pat_",), rb"\bgithub_pat_\w{22}"),
    ("a token of GitLab", (b"glpat-",), rb"\bglpat-[A-Za-z0-9_-]{20}"),
    ("a key of AWS", (b"AKIA", b"ASIA"), rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("a key of Google", (b"AIza",), rb"\bAIza[0-9A-Za-z_-]{35}\b"),
    ("a token of Slack", (b"xoxa-", b"xoxb-", b"xoxp-"), rb"\bxox[abp]-[A-Za-z0-9-]{10}"),
    ("a JSON web token", (b"eyJ",), rb"\beyJ[\w-]{10,400}\.eyJ[\w-]{10,4000}\.[\w-]{10}"),
    (
        "credentials in a URL",
        (b"://",),
        rb"://[A-Za-z0-9._%+-]{1,100}:[A-Za-z0-9._~%!$&*+,;=-]{1,200}@",
    ),
)


def flaws(data: bytes) -> Iterator[Flaw]:
    """Each kind of trace once, with its first example; of secrets no more than their beginning."""
    told: set[str] = set()
    for secret, patterns in ((False, _PATHS), (True, _SECRETS)):
        for what, words, pattern in patterns:
            found = _first(data, words, re.compile(pattern))
            if found is None or what in told:
                continue
            told.add(what)
            text = found[0].decode(errors="replace")
            shown = f"{text[:4]}…" if secret else short(text)
            yield Flaw(kind="trace", text=f"{what} at byte {found.start():,}: {shown}")


def _first(
    data: bytes, words: Sequence[bytes], pattern: re.Pattern[bytes]
) -> re.Match[bytes] | None:
    for word in words:
        at = -1
        for _ in range(_MOST_TRIED):
            at = data.find(word, at + 1)
            if at < 0:
                break
            if found := pattern.match(data, at):
                return found
    return None
