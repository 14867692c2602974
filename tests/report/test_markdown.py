"""report.md is a comment on a pull request that nobody can break out of."""

import re

import pytest
from fakereport import finding, variant
from hypothesis import given
from hypothesis import strategies as st

from edgebuild.report import markdown


def shown(text):
    """What a reader sees of Markdown without markup: references resolved, helpers of the escaping gone."""
    plain = re.sub(r"</?code>", "", text)
    return re.sub(r"&#(\d+);", lambda m: chr(int(m[1])), plain).replace("\u200b", "")


def test_verdict_then_gates_those_first_that_fail():
    text = markdown.comment(variant("int8", accepted=False))
    lines = shown(text).splitlines()
    assert lines[0] == "### ❌ head-body/board-50/int8 rejected"
    assert lines[2] == (
        "7 gates: 4 hold, 1 failed, 1 unproven, 1 waived. 421.38 kB, quality.map50 0.9471 (source 0.9453),"
        " 20.9 dB SQNR, 4.2 ms a frame (host)."
    )
    assert lines[4] == "**Likely causes**"
    rows = [line for line in lines if line.startswith(("| ❌", "| ❓", "| ⚠️", "| ✅"))]
    assert [row.split()[1] for row in rows] == ["❌", "❓", "⚠️", "✅", "✅", "✅", "✅"]
    assert rows[0] == (
        "| ❌ failed | quality.map50<br>below 0.9; 0.0832 worse than the source's 0.9453 | 0.8621 |"
        " >= 0.9, drop <= 0.03 | −4.21 % | on the emulator |"
    )
    assert lines.count("</details>") == 3


def test_tables_keep_their_columns():
    for block in markdown.comment(variant("int8")).split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1


@given(st.text())
def test_whatever_a_name_is_it_is_only_text(text):
    made = markdown.plain_text(text)
    assert not set("|<>`*_[]()!\\~\n\r") & set(made)
    assert not re.search(r"[@#](?!\d+;)\w", made), "nobody is mentioned"
    assert "://" not in made
    flat = " ".join(markdown.clean(text).split())
    if len(flat) <= 300:
        assert shown(made) == flat.replace("\u200b", "")


def test_a_long_report_fits_a_comment():
    document = variant("int8")
    document["findings"] = [
        finding(f"parity.sqnr_db{i}", 1.0, ">= 0", detail="x" * 500) for i in range(40)
    ]
    document["measurements"] *= 40
    text = markdown.comment(document)
    assert len(text) < 65_536
    assert "and 700 more in report.html" in text


@pytest.mark.parametrize("gone", ["findings", "measurements", "waivers", "files"])
def test_what_is_not_there_is_left_out(gone):
    document = variant("int8")
    document[gone] = []
    assert markdown.comment(document).startswith("### ✅")
