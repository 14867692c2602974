"""`doit bench`: what edgebuild costs, as ratios against what a user would use instead, written to bench.json."""

import json
import sys
from pathlib import Path

sys.path[:0] = [
    str(Path(__file__).parent),
    *(str(Path(__file__).parents[1] / name) for name in ("fakes", "e2e")),
]

import checks
import cold
import kills
import measure
import noop

PARTS = {"noop": noop, "cold": cold, "checks": checks, "kills": kills}


def main():
    only, scale = sys.argv[1], int(sys.argv[2])
    path = Path("bench.json")
    document = json.loads(path.read_text()) if path.exists() else {}
    document["machine"] = measure.machine()
    for name, part in PARTS.items():
        if only in ("", name):
            document[name] = part.run(scale)
            path.write_text(json.dumps(document, indent=1) + "\n")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
