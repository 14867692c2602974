"""Builds killed at random points: nothing published is lost or torn, and the next build ends well."""

import random
import tempfile
import time
from pathlib import Path

from textproject import doit, manifest, start, write
from torn import torn

from edgebuild.store import fsck
from edgebuild.store.store import Store

KILLS = 500


def run(scale):
    """Counts; `corrupt` and `lost` must be 0."""
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write(place, {f"net{n}": f"text {n}" for n in range(3)}, recipe="append: {word: end}")
        began = time.monotonic()
        doit(place, "build", "target=board")
        length = time.monotonic() - began
        corrupt = lost = 0
        for number in range(KILLS):
            path = place / "manifests/models/net0/manifest.yaml"
            path.write_text(manifest("net0", recipe=f"append: {{word: w{number}}}"))
            known = {p: p.read_bytes() for p in (place / "artifacts/board").rglob("model.upper")}
            process = start(place, "build", "target=board")
            time.sleep(rng.uniform(0.05, length))
            process.kill()
            process.communicate()
            corrupt += len(fsck.check(Store(place / "home/store").open()))
            corrupt += len(torn(place / "artifacts"))
            for path, data in known.items():
                whole = path.exists() and (path.read_bytes() == data or "net0" in str(path))
                lost += not whole
            if number % 50 == 49:
                print(f"{number + 1} kills: {corrupt} corrupt, {lost} lost", flush=True)
        done = doit(place, "build", "target=board")
        final = (place / "artifacts/board/net0/model.upper").read_text()
        assert done.returncode == 0, done.stdout
        assert final.endswith(f"W{KILLS - 1}"), final
    return {"kills": KILLS, "corrupt": corrupt, "lost": lost}
