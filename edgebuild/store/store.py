"""The store: put, find, verify and materialise blobs and action results."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgebuild import digest as digests
from edgebuild.action import ActionResult
from edgebuild.digest import Digest
from edgebuild.errors import EdgebuildError
from edgebuild.store import files


class StoreError(EdgebuildError):
    """The store's folder cannot be used as it is."""


class StoreBusy(EdgebuildError):
    """A build uses the store, so nothing may be removed."""


class BlobLost(Exception):
    """A blob that an action result names is gone or damaged; rebuilding its step brings it back."""

    def __init__(self, digest: Digest) -> None:
        super().__init__(str(digest))
        self.digest = digest


@dataclass(frozen=True)
class Store:
    """A folder; see the package's docstring. Every method may be called from many processes at once."""

    root: Path

    @property
    def scratch(self) -> Path:
        return self.root / "tmp"

    @property
    def work(self) -> Path:
        """Folders that steps run in; on the store's file system, so that reflinks work."""
        return self.root / "work"

    def open(self) -> Store:
        """Make the folders that are missing; StoreError if that is not possible."""
        try:
            for name in ("cas", "ac", "roots", "pins", "locks", "tmp", "work"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
            # A folder that is there may lie on a file system that is read-only now.
            with self._in_use.open("ab"):
                pass
        except OSError as error:
            raise StoreError(
                f"cannot use the store at {self.root}: {error.strerror}",
                hint="set EDGEBUILD_HOME to a folder you can write to",
            ) from error
        return self

    # ---------------------------------------------------------------- blobs

    def blob_path(self, digest: Digest) -> Path:
        return self.root / "cas" / digest.hash[:2] / digest.hash

    def put_file(self, path: Path) -> Digest:
        """Copy a file in and give its digest. Hashes the bytes it copies, so an edit in between
        cannot store content under a wrong name."""
        temp = files.temporary(self.scratch)
        try:
            files.clone(path, temp, mode=0o600)
            digest = digests.of_file(temp)
            if self.intact(digest):
                return digest
            self._finish(temp, digest)
            return digest
        finally:
            with contextlib.suppress(FileNotFoundError):
                temp.unlink()

    def put_bytes(self, data: bytes) -> Digest:
        digest = digests.of_bytes(data)
        if not self.intact(digest):
            files.write_atomic(self.blob_path(digest), data, scratch=self.scratch)
        return digest

    def intact(self, digest: Digest) -> bool:
        """Whether the blob is there and has the content its name says. A damaged one is put
        aside, so that the next put brings a good one."""
        path = self.blob_path(digest)
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        except OSError:  # a symbolic link, a folder in its place
            self._put_aside(path)
            return False
        try:
            good = _holds(handle, digest)
        finally:
            os.close(handle)
        if not good:
            self._put_aside(path)
        return good

    def materialise(self, digest: Digest, target: Path, *, mode: int = 0o644) -> None:
        """Put a copy of the blob at `target`, which must not exist, and verify the copy.
        BlobLost if the blob is gone or damaged."""
        path = self.blob_path(digest)
        try:
            files.clone(path, target, mode=mode)
        except OSError:
            if self.intact(digest):
                raise
            raise BlobLost(digest) from None
        if digests.of_file(target) != digest:
            target.unlink()
            self.intact(digest)
            raise BlobLost(digest)

    def read(self, digest: Digest) -> bytes:
        """The blob's bytes, verified. BlobLost if it is gone or damaged."""
        try:
            data = self.blob_path(digest).read_bytes()
        except OSError:
            if self.intact(digest):
                raise
            raise BlobLost(digest) from None
        if digests.of_bytes(data) != digest:
            self.intact(digest)
            raise BlobLost(digest)
        return data

    def _finish(self, temp: Path, digest: Digest) -> None:
        handle = os.open(temp, os.O_RDONLY)
        try:
            os.fchmod(handle, 0o444)
            os.fsync(handle)
        finally:
            os.close(handle)
        files.rename_durably(temp, self.blob_path(digest), size=digest.size_bytes)

    def _put_aside(self, path: Path) -> None:
        """Damaged things leave the store's namespace at once; gc removes them for good."""
        with contextlib.suppress(FileNotFoundError):
            path.rename(files.temporary(self.scratch).with_suffix(".damaged"))

    # -------------------------------------------------------------- results

    def result_path(self, key: Digest) -> Path:
        return self.root / "ac" / key.hash[:2] / key.hash

    def put_result(self, key: Digest, result: ActionResult) -> None:
        """Record what an action gave. Its blobs must be in the store already."""
        body = json.dumps(result.to_json(), sort_keys=True)
        document = {"sha256": hashlib.sha256(body.encode()).hexdigest(), "result": body}
        data = json.dumps(document).encode()
        files.write_atomic(self.result_path(key), data, scratch=self.scratch)

    def find(self, key: Digest) -> ActionResult | None:
        """The result of an action, if it is recorded and every blob of it is intact."""
        result = self.peek(key)
        if result is None:
            return None
        # Each is looked at, not only up to the first bad one: bad ones are put aside.
        blobs = [self.intact(d) for d in (*result.outputs.values(), result.log)]
        complete = all(blobs)
        return result if complete else None

    def peek(self, key: Digest) -> ActionResult | None:
        """The recorded result of an action, its blobs not looked at. Unreadable ones are put aside."""
        path = self.result_path(key)
        try:
            document = json.loads(path.read_bytes())
            body = document["result"]
            if hashlib.sha256(body.encode()).hexdigest() != document["sha256"]:
                raise ValueError("checksum")
            return ActionResult.from_json(json.loads(body))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._put_aside(path)
            return None

    @contextlib.contextmanager
    def busy(self, key: Digest) -> Iterator[None]:
        """Held while an action runs, so that builds at once run it once."""
        with files.locked(self.root / "locks" / key.hash[:2] / key.hash):
            yield

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Held (shared) by a build from its first look-up to its record; gc waits for it."""
        with files.locked(self._in_use, shared=True):
            yield

    @contextlib.contextmanager
    def alone(self, wait_s: float = 10.0) -> Iterator[None]:
        """Held by what removes things. StoreBusy if a build still runs after `wait_s` seconds."""
        deadline = time.monotonic() + wait_s
        with contextlib.ExitStack() as held:
            while True:
                try:
                    held.enter_context(files.locked(self._in_use, wait=False))
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        raise StoreBusy(
                            "a build is using the store", hint="run this again when it has finished"
                        ) from None
                time.sleep(0.05)
            yield

    @property
    def _in_use(self) -> Path:
        return self.root / "locks" / "gc"

    # ---------------------------------------------------------------- roots

    def set_root(self, name: str, keys: list[Digest]) -> None:
        """Remember the actions a project's build of one target used; replaces the last record."""
        data = json.dumps({"actions": [str(k) for k in keys]}).encode()
        files.write_atomic(
            self.root / "roots" / f"{name}.json", data, scratch=self.scratch, mode=0o644
        )


def _holds(handle: int, digest: Digest) -> bool:
    """Whether an open file is a plain one with the content of `digest`."""
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_size != digest.size_bytes:
        return False
    with open(handle, "rb", buffering=0, closefd=False) as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == digest.hash
