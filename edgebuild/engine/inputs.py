"""Files from outside the graph: of the project, and fetched by URL through mirror folders."""

from __future__ import annotations

import contextlib
import glob
import http.client
import os
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgebuild import digest as digests
from edgebuild.action import Input
from edgebuild.digest import Digest
from edgebuild.engine import web
from edgebuild.errors import EdgebuildError
from edgebuild.step import Fetched, File, ProjectFile
from edgebuild.store import files
from edgebuild.store.store import Store

_LONGEST_NAME = 200


class MissingFile(EdgebuildError):
    """A file of the project that is not there."""


class FetchError(EdgebuildError):
    """A file named by URL that could not be had with the content its manifest pins."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Where files come from. `mirrors` are folders searched by digest before any download;
    `offline` forbids downloads; `say` gets one line a download."""

    root: Path
    store: Store
    mirrors: Sequence[Path] = ()
    offline: bool = False
    say: Callable[[str], None] = lambda line: None
    # What this build has read of the project: all of its steps must see the same.
    _seen: dict[str, Digest] = field(default_factory=dict)

    def resolve(self, file: File) -> Input:
        """Content and name of a file; a project's is hashed, a fetched one is known by its pin. MissingFile if
        the project's is gone, or is not what an earlier step of this build read."""
        if isinstance(file, Fetched):
            return Input(digest=Digest(file.sha256, file.size_bytes), name=_name(file))
        path = self.root / file.path
        try:
            found = digests.of_file(path)
        except OSError as error:
            raise MissingFile(f"cannot read {file.path}: {error.strerror}") from error
        if self._seen.setdefault(file.path, found) != found:
            raise _changed(file)
        return Input(digest=found, name=path.name)

    def bring(self, file: File, digest: Digest) -> None:
        """Make the file's content a blob of the store, or say why that is not possible."""
        if self.store.intact(digest):
            return
        if isinstance(file, Fetched):
            self._fetch(file, digest)
        elif self.store.put_file(self.root / file.path) != digest:
            raise _changed(file)

    def _fetch(self, file: Fetched, digest: Digest) -> None:
        for candidate in self._mirrored(digest):
            if _holds(candidate, digest) and self.store.put_file(candidate) == digest:
                return
        if self.offline:
            raise FetchError(
                f"no mirror folder has {_name(file)}, and downloads are off",
                fields={"url": file.url, "sha256": file.sha256, **self._not_it(file)},
                hint="put the file into a folder named in EDGEBUILD_MIRROR",
            )
        self.say(f"fetching {file.url} ({file.size_bytes / 1e6:.1f} MB)")
        self._download(file, digest)

    def _mirrored(self, digest: Digest) -> Iterator[Path]:
        """Files of a mirror folder that may be it: by name first, then by size."""
        for mirror in self.mirrors:
            for path in (mirror / digest.hash, mirror / digest.hash[:2] / digest.hash):
                with contextlib.suppress(OSError):
                    if path.is_file():
                        yield path
        for mirror in self.mirrors:
            for place, folders, names in os.walk(mirror):  # what cannot be read is passed over
                folders.sort()
                for path in (Path(place, name) for name in sorted(names)):
                    with contextlib.suppress(OSError):
                        if path.is_file() and path.stat().st_size == digest.size_bytes:
                            yield path

    def _not_it(self, file: Fetched) -> dict[str, str]:
        """For a message: mirror folders that are not there, and a file of its name that is another one."""
        absent = [str(mirror) for mirror in self.mirrors if not mirror.is_dir()]
        said = {"no folder": ", ".join(absent)} if absent else {}
        for mirror in self.mirrors:
            for path in sorted(mirror.rglob(glob.escape(_name(file)))):
                with contextlib.suppress(OSError):
                    if path.is_file():
                        found = digests.of_file(path)
                        whose = (
                            f"of that sha256, but not of {file.size_bytes} bytes"
                            if found.hash == file.sha256
                            else f"sha256 {found.hash}"
                        )
                        said["is another"] = f"{path}, {found.size_bytes} bytes, {whose}"
                        return said
        return said

    def _download(self, file: Fetched, digest: Digest) -> None:
        temp = files.temporary(self.store.scratch)
        failure = ""
        try:
            for _ in range(3):
                try:
                    web.read(file.url, file.size_bytes, temp)
                except (OSError, ValueError, http.client.HTTPException) as error:
                    failure = str(getattr(error, "reason", error)) or type(error).__name__
                    continue
                found = digests.of_file(temp)
                if found == digest:
                    self.store.put_file(temp)
                    return
                failure = f"got {found.size_bytes} bytes with sha256 {found.hash}"
                if found.size_bytes == digest.size_bytes:
                    break
        finally:
            temp.unlink(missing_ok=True)
        raise FetchError(
            f"cannot fetch {_name(file)}: {failure}",
            fields={
                "url": file.url,
                "expected": f"{digest.size_bytes} bytes, sha256 {digest.hash}",
                **self._not_it(file),
            },
            hint="if the file moved, put it into a folder named in EDGEBUILD_MIRROR;"
            " it is found there by its sha256",
        )


def _name(file: Fetched) -> str:
    """The last part of its URL, if a file can be called so."""
    name = Path(urllib.parse.urlsplit(file.url).path).name
    return name if name not in ("", "..") and len(name.encode()) <= _LONGEST_NAME else "file"


def _changed(file: ProjectFile) -> MissingFile:
    return MissingFile(
        f"{file.path} changed while the build was running", hint="run the build again"
    )


def _holds(path: Path, digest: Digest) -> bool:
    """Whether a file of a mirror has the content; one that cannot be read has not."""
    try:
        return digests.of_file(path) == digest
    except OSError:
        return False
