"""Files that manifests name: inside the project, or public ones pinned by digest."""

from __future__ import annotations

import os
import posixpath
import re
import stat
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgebuild.errors import Position, suggest
from edgebuild.manifest.document import ManifestError, quoted
from edgebuild.step import Fetched, File, ProjectFile

_SECRET_FIELD = re.compile(
    r"token|secret|passw(or)?d|signature|(^|[-_])(sig|key|auth)$|apikey|credential", re.IGNORECASE
)
_ABSOLUTE = re.compile(r"[/~]|[A-Za-z]:")


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files of the project at `root`, which has no symbolic link in its path."""

    root: str
    _real_folders: dict[str, bool] = field(default_factory=dict)

    def resolve(
        self,
        written: Any,
        folder: str,
        position: Position,
        *,
        may_lack: bool = False,
        maker: str | None = None,
    ) -> File:
        """The file that a manifest in `folder` (relative to the root) names; ManifestError if it
        cannot be used. `may_lack`: it need not exist yet. `maker`: the hint if it does not."""
        if isinstance(written, Mapping):
            return _fetched(written, position)
        return self._project_file(written, folder, position, may_lack, maker)

    def status(self, path: str) -> os.stat_result | None:
        """What is at a path (relative to the root), links followed; None if that is outside the
        project. OSError if there is nothing."""
        found = os.lstat(f"{self.root}/{path}")
        if not stat.S_ISLNK(found.st_mode) and self._is_real(posixpath.dirname(path)):
            return found
        return Path(self.root, path).stat() if self._within(path) else None

    def _within(self, path: str) -> bool:
        real = os.path.realpath(f"{self.root}/{path}")
        return real == self.root or real.startswith(self.root.rstrip("/") + "/")

    def _project_file(
        self, written: str, folder: str, position: Position, may_lack: bool, maker: str | None
    ) -> ProjectFile:
        if "://" in written:
            raise ManifestError(
                "a URL alone does not say which content is meant",
                position=position,
                hint="write {url: ..., sha256: ..., size_bytes: ...}",
            )
        if "\\" in written:
            hint = "write paths with `/`"
            raise ManifestError(
                f"a backslash in path {quoted(written)}", position=position, hint=hint
            )
        path = posixpath.normpath(posixpath.join(folder, written))
        if _ABSOLUTE.match(written) or path == ".." or path.startswith("../"):
            raise _outside(written, position)
        try:
            found = self.status(path)
        except (FileNotFoundError, NotADirectoryError):
            if may_lack and self._within(path):
                return ProjectFile(path=path)
            raise self._absent(path, position, maker) from None
        except OSError as error:
            raise ManifestError(
                f"cannot read {quoted(path)}: {error.strerror}", position=position
            ) from error
        if found is None:
            raise _outside(written, position)
        if not stat.S_ISREG(found.st_mode):
            what = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
            raise ManifestError(f"{quoted(path)} is {what}", position=position)
        return ProjectFile(path=path)

    def _is_real(self, folder: str) -> bool:
        """Whether no part of a folder's path is a symbolic link."""
        unknown = []
        while folder and folder not in self._real_folders:
            unknown.append(folder)
            folder = posixpath.dirname(folder)
        real = self._real_folders.get(folder, True)
        for part in reversed(unknown):
            real = real and not stat.S_ISLNK(os.lstat(f"{self.root}/{part}").st_mode)
            self._real_folders[part] = real
        return real

    def _absent(self, path: str, position: Position, maker: str | None) -> ManifestError:
        folder, _, name = path.rpartition("/")
        try:
            others = [other.name for other in Path(self.root, folder).iterdir()]
        except OSError:
            others = []
        near = suggest(name, others)
        return ManifestError(
            f"there is no file {quoted(path)}",
            position=position,
            hint=f"did you mean {quoted(near)}?" if near else maker,
        )


def _outside(written: str, position: Position) -> ManifestError:
    return ManifestError(
        f"{quoted(written)} lies outside the project",
        position=position,
        hint="paths are relative to the manifest's folder and stay inside the project",
    )


def _fetched(written: Mapping[str, Any], position: Position) -> Fetched:
    url = str(written.get("url", ""))
    try:
        parts = urllib.parse.urlsplit(url)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or re.search(r"\s", url):
        raise ManifestError("this is no URL a file can be fetched from", position=position)
    queried = [name for name, _ in urllib.parse.parse_qsl(parts.query, keep_blank_values=True)]
    if "@" in parts.netloc or any(_SECRET_FIELD.search(name) for name in queried):
        raise ManifestError(
            "credentials in a URL",
            position=position,
            hint="name a file that anyone may fetch, or put it into a mirror folder",
        )
    return Fetched(
        url=url,
        sha256=str(written.get("sha256", "")),
        size_bytes=int(written.get("size_bytes", 0)),
        license=str(written.get("license", "")),
    )
