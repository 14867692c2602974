"""Published files that are not what the report beside them says."""

from edgebuild import digest as digests
from edgebuild.report.read import published


def torn(artifacts):
    """Paths, in a list that should be empty; a report that cannot be read is one too."""
    found = []
    readable = dict(published(artifacts))
    for path in artifacts.rglob("report.json"):
        inside = path.relative_to(artifacts).parts
        if path not in readable and not inside[0].startswith("."):
            found.append(path)
    for path, report in readable.items():
        for file in report["files"]:
            place = path.parent / file["name"]
            wanted = digests.Digest(file["sha256"], file["size_bytes"])
            if not place.is_file() or digests.of_file(place) != wanted:
                found.append(place)
        names = {p.name for p in path.parent.iterdir() if not p.is_dir()}
        pages = {"report.json", "report.html", "report.md", "junit.xml"}
        wanted = pages | {file["name"] for file in report["files"]}
        found += [path.parent / name for name in names ^ wanted]
    return found
