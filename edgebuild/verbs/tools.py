"""`doit tools [target=NAME | env=NAME] [--fill]`: install tool environments, or fill a wheel folder."""

from __future__ import annotations

import datetime

from edgebuild.errors import EdgebuildError
from edgebuild.toolchains import environments
from edgebuild.toolchains.provision import fill
from edgebuild.verbs import Context


def run(
    context: Context,
    target: str | None = None,
    env: str | None = None,
    *,
    fill_wheels: bool = False,
) -> bool:
    """Without a name, list them. `--fill` downloads into EDGEBUILD_WHEELS instead of installing; a build
    with that variable set then needs no network."""
    if fill_wheels and not target and not env:
        raise EdgebuildError(
            "say which tools to download", hint="doit tools --fill target=NAME, or env=NAME"
        )
    if not target and not env:
        _list(context)
        return True
    names = [env] if env else []
    if target:
        build = context.build(target, None, datetime.date.today())
        names += build.environments
        build.close()
    if not fill_wheels:
        context.toolbox.provide(names)
        return True
    settings = context.settings
    if settings.wheels is None:
        raise EdgebuildError(
            "say where the wheels are to go", hint="export EDGEBUILD_WHEELS=FOLDER"
        )
    for name in names:
        fill(
            environments.get(name),
            settings.wheels,
            accept=settings.licenses,
            progress=context.toolbox.progress,
        )
    return True


def _list(context: Context) -> None:
    for name, environment in environments.ENVIRONMENTS.items():
        there = not context.toolbox.missing([name])
        license = f", licence {environment.license.id}" if environment.license else ""
        size = f"{environment.download_bytes / 1e6:.0f} MB"
        context.say(
            f"{'installed' if there else 'absent':<9}  {name:<13} {environment.purpose}"
            f" ({size}{license})"
        )
