"""`doit check` says how many gates are waived, and names waivers whose day has passed."""

import datetime
import io

from fakeproject import BOARD, limit, model, project

from edgebuild.manifest.model import ModelTarget
from edgebuild.settings import Settings
from edgebuild.step import Waiver
from edgebuild.verbs import Context, check

TODAY = datetime.date(2026, 6, 1)


def said(tmp_path, *waivers):
    use = ModelTarget(
        target="board", accept=(limit("length.bytes", max=1),), waivers=tuple(waivers)
    )
    context = Context(root=tmp_path, settings=Settings(home=tmp_path), out=io.StringIO())
    context.__dict__["project"] = project(tmp_path, model(targets={"board": use}), targets=(BOARD,))
    assert check.run(context, today=TODAY)
    return context.out.getvalue()


def waiver(metric, expires):
    return Waiver(metric=metric, reason="a known bug", owner="ana", expires=expires)


def test_no_waivers(tmp_path):
    assert said(tmp_path) == "ok: 1 models, 1 targets\n"


def test_waivers_are_counted_and_the_next_to_expire_is_named(tmp_path):
    both = [waiver("length.bytes", "2026-12-31"), waiver("contract.mismatches", "2026-06-01")]
    assert said(tmp_path, *both) == (
        "ok: 1 models, 1 targets; 2 waivers, the next expires after 2026-06-01 "
        "(net/board contract.mismatches, ana)\n"
    )


def test_an_expired_waiver_is_told(tmp_path):
    assert said(tmp_path, waiver("length.bytes", "2026-05-31")) == (
        "ok: 1 models, 1 targets\n"
        "expired: net/board length.bytes was waived by ana until 2026-05-31: a known bug\n"
    )


def test_what_people_wrote_commands_no_terminal(tmp_path):
    bad = Waiver(metric="length.bytes", reason="\x1b]0;x\x07", owner="\x9b2J", expires="2026-01-01")
    assert said(tmp_path, bad) == (
        "ok: 1 models, 1 targets\n"
        "expired: net/board length.bytes was waived by ?2J until 2026-01-01: ?]0;x?\n"
    )
