"""Damaged copies of a file through its readers, in a process of their own.

What comes out of a reader that is no error of ours, takes too long or too much memory is noted.
"""

import importlib
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

LIMIT_S = 2.0
LIMIT_BYTES = 1 << 30


def found(file, count, *readers):
    """Failures of `module:function` readers on `count` damaged copies, a line each; dead = the process died."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "failures"
        done = subprocess.run(
            [sys.executable, __file__, str(file), str(count), str(log), *readers],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60 + 2 * count,
        )
        lines = log.read_text().splitlines() if log.exists() else []
        if done.returncode:
            lines.append(f"dead ({done.returncode}): {done.stderr[-500:]}")
        return lines


def mutate(random, data):
    """A copy with one to four changes: bits, bytes and numbers set, pieces cut, put in, doubled."""
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 4])):
        if not data:
            break
        at = random.randrange(len(data) if random.random() < 0.5 else min(len(data), 600))
        match random.randrange(7):
            case 0:
                data[at] ^= 1 << random.randrange(8)
            case 1:
                data[at] = random.choice([0, 0x7F, 0x80, 0xFF])
            case 2:
                data[at : at + 4] = random.choice(
                    [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", bytes(4)]
                )
            case 3:
                del data[at : at + random.randrange(1, 40)]
            case 4:
                del data[at:]
            case 5:
                data[at:at] = random.randbytes(random.randrange(1, 20))
            case 6:
                data[at:at] = data[at // 2 : at // 2 + 64]
    return bytes(data)


def of_whatever(path):
    """Its flaws, with the file that belongs to it."""
    from edgebuild.formats.flaws import of_files

    weights = path.with_suffix(".bin")
    others = {"bin": weights} if path.suffix == ".xml" and weights.exists() else {}
    for port, flaw in of_files({"file": path, **others}):
        assert port and flaw.text and "\x1b" not in flaw.text


def ir(path):
    from edgebuild.formats import ir

    ir.load(path, path.with_suffix(".bin"))


def blob(path):
    from edgebuild.formats import blob

    blob.read(path.read_bytes())


def dlc(path):
    from edgebuild.formats import dlc

    dlc.read(path.read_bytes())
    dlc.normalise(path.read_bytes())


def abort(path):
    os.abort()


def _late(number, frame):
    raise TimeoutError(f"took more than {LIMIT_S} s of the processor")


def main(file, count, log, *readers):
    from edgebuild.errors import EdgebuildError

    file = Path(file)
    functions = []
    for reader in readers:
        module, _, function = reader.partition(":")
        functions.append(getattr(importlib.import_module(module), function))
    signal.signal(signal.SIGPROF, _late)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + LIMIT_BYTES, used + LIMIT_BYTES))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.name
        if file.with_suffix(".bin").exists():
            copy.with_suffix(".bin").symlink_to(file.with_suffix(".bin").absolute())
        data, chance = file.read_bytes(), random.Random(file.name)
        for i in range(int(count)):
            copy.write_bytes(mutate(chance, data))
            for function in functions:
                try:
                    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
                    function(copy)
                except EdgebuildError as error:
                    assert str(error)
                except BaseException as error:
                    where = traceback.extract_tb(error.__traceback__)[-1]
                    with open(log, "a") as out:
                        out.write(
                            f"{file.name}, copy {i}, {function.__name__}: {error!r} at"
                            f" {Path(where.filename).name}:{where.lineno}\n"
                        )
                finally:
                    signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    sys.modules["mutated"] = sys.modules["__main__"]
    main(*sys.argv[1:])
