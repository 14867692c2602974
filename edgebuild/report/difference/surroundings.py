"""What is around two artifacts: versions of tools, and what the manifests say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from edgebuild.report.difference.change import Change, Report, evaluation, inside


def changes(name: str, before: Report, after: Report) -> Iterator[Change]:
    """None of it is better or worse by itself."""
    for area, look in _LOOKS.items():
        old, new = look(before), look(after)
        for what in dict.fromkeys([*old, *new]):
            if old.get(what) != new.get(what):
                yield Change(
                    variant=name, area=area, what=what, before=old.get(what, ""),
                    after=new.get(what, ""), direction="changed",
                )  # fmt: skip


def _tools(report: Report) -> dict[str, str]:
    found = {"edgebuild": str(inside(report, "about", "edgebuild") or "")}
    environments = inside(report, "about", "tools")
    for environment, packages in environments.items() if isinstance(environments, dict) else ():
        for package, version in packages.items() if isinstance(packages, dict) else ():
            found[f"{package} (in {environment})"] = str(version)
    return found


def _manifest(report: Report) -> dict[str, str]:
    found = {"backend": str(report["backend"])}
    for name in ("version", "license"):
        found[f"model's {name}"] = str(inside(report, "about", "model", name) or "")
    found["evaluation data"] = evaluation(report)[:12]
    for what, path in (("device", ("about", "target")), ("firmware", ("details", "skew"))):
        entries = inside(report, *path, what)
        for name, value in entries.items() if isinstance(entries, dict) else ():
            found[f"{what} {name}"] = str(value)
    return found


_LOOKS: Mapping[str, Callable[[Report], dict[str, str]]] = {
    "toolchain": _tools,
    "manifest": _manifest,
}
AREAS = tuple(_LOOKS)
