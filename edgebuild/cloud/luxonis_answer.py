"""What Luxonis' online MyriadX compiler answers, taken apart and not believed.

A compilation that went well: a ZIP archive of the network's IR (.xml and .bin) and the .blob. One
that failed: status 400 and JSON with `message`, `stderr`, `stdout`, `exit_code`, or plain text.

The service writes the version of its OpenVINO over the blob's version of format, 6.0 (words 2 and 3
of the header that `edgebuild.formats.blob` describes); here 6.0 is put back.
"""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from edgebuild.cloud import CloudError
from edgebuild.cloud.redaction import service, shown

OFFLINE = "the backend `myriad_blob` compiles with no network"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The blob, unread, and what the service tells of its versions."""

    blob: bytes
    versions: Mapping[str, str]


def unpacked(data: bytes, url: str, version: str) -> Answer:
    """The answer in an archive. CloudError if it is none, or was made by another `version`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > _LARGEST:
                raise _nonsense(url, f"an archive of more than {_LARGEST} bytes")
            files = {member.filename: archive.read(member) for member in members}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        start = f"{len(data)} bytes that begin with {data[:16]!r}"
        raise _nonsense(url, f"{start}: {error}") from None
    blobs = [content for name, content in files.items() if name.endswith(".blob")]
    if len(blobs) != 1:
        raise _nonsense(url, f"an archive with {len(blobs)} blobs")
    versions = {
        f"{who.decode()}_version": shown(what.decode(errors="replace"))
        for name, content in files.items()
        if name.endswith(".xml")
        for who, what in _IR_VERSION.findall(content)
    }
    return Answer(blob=_restored(blobs[0], url, version), versions=versions)


def refusal(status: int, text: str, url: str) -> CloudError:
    """The error for an answer of another status than 200, in the compiler's words if it spoke."""
    fields = {"service": service(url), "status": str(status)}
    if status == 400:
        return CloudError(
            "Luxonis' compiler refused the model",
            fields=fields | _complaint(text),
            hint="put the pass `legalize` into the recipe: it rewrites what this compiler does not"
            " read",
        )
    if status in (401, 403, 407):
        return CloudError(
            "Luxonis' compiler lets nobody in, though it knows no accounts",
            fields=fields,
            hint="a proxy or another server answers in its place: see `url` and HTTPS_PROXY",
        )
    return CloudError("Luxonis' compiler failed", fields=fields, hint=OFFLINE)


_FORMAT_VERSION, _VERSION_AT = (6, 0), 60
_LARGEST = 1 << 30
_IR_VERSION = re.compile(rb'<(MO|IE|Runtime)_version value="([^"<>]{1,200})"')
_SHOWN_LINES = 6


def _complaint(text: str) -> dict[str, str]:
    """The end of what the compiler printed, as the service reports it, or the text it is."""
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        return {"it says": shown(text[:2000])}
    printed = str(told.get("stderr") or told.get("stdout") or "").splitlines()
    lines = [shown(line) for line in printed if line.strip()][-_SHOWN_LINES:]
    message = {"it says": shown(str(told.get("message", "")))[:300]}
    return message | {f"({i})": line for i, line in enumerate(lines, 1)}


def _restored(blob: bytes, url: str, version: str) -> bytes:
    """With the version of the format in place of the service's; a blob without that stays."""
    if len(blob) < _VERSION_AT + 8:
        raise _nonsense(url, f"a blob of {len(blob)} bytes")
    found = struct.unpack_from("<2I", blob, _VERSION_AT)
    if found not in (_FORMAT_VERSION, tuple(map(int, version.split(".")))):
        raise _nonsense(url, f"a blob of version {found[0]}.{found[1]}, not {version}")
    changed = bytearray(blob)
    struct.pack_into("<2I", changed, _VERSION_AT, *_FORMAT_VERSION)
    return bytes(changed)


def _nonsense(url: str, what: str) -> CloudError:
    return CloudError(
        "Luxonis' compiler answered something that is not the blob it was asked for",
        fields={"service": service(url), "answer": what},
        hint=f"try again later; {OFFLINE}",
    )
