from __future__ import annotations

import io
import time

from rich.console import Console

from edgebuild.toolchains.progress import Shown


def test_without_a_terminal_there_are_plain_lines_and_no_bar() -> None:
    out = io.StringIO()
    shown = Shown(Console(file=out, width=40))
    with shown.download("onnx", 100) as reach:
        shown.say("onnx: [numpy] 2.4.6 (16.9 MB) and a line longer than the console is wide")
        reach(100)
    assert out.getvalue() == (
        "onnx: [numpy] 2.4.6 (16.9 MB) and a line longer than the console is wide\n"
    )


def test_on_a_terminal_two_downloads_show_two_bars() -> None:
    out = io.StringIO()
    shown = Shown(Console(file=out, force_terminal=True, width=100))
    with shown.download("onnx", 2_000_000) as one, shown.download("torch", 4_000_000) as other:
        one(1_000_000)
        other(3_000_000)
        time.sleep(0.3)  # bars are drawn ten times a second
    assert "1.0/2.0 MB" in out.getvalue()
    assert "3.0/4.0 MB" in out.getvalue()
    assert out.getvalue().rstrip("\r").endswith("\x1b[?25h")  # the cursor is back
