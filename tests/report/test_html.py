"""report.html says what was found, in one file, whatever is in it."""

import json

import pytest
from fakereport import finding, variant
from htmlpage import Page
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgebuild.report import html, render


def page(document, siblings=None, home=""):
    return Page(html.page(document, siblings, home))


def test_a_page_says_what_was_found():
    found = page(variant("int8"))
    for text in (
        "Accepted", "7 gates: 6 hold, 1 waived", "421.38 kB", "31.25 dB", "+42 %", "ada@example.org",
        "2027-03-31", "emulated", "estimated", "0.921 … 0.968", "Error over depth", "Roofline",
        "Traffic a frame", "By stages", "By operations", "By time, estimated", "2 fell back",
        "its scale differs from its input's", "Confusion", "Sample 41", "boxes: artifact", "1.4 %",
        "NHWC; RGB", "onnxruntime-qnn 1.24.1", "46.5 s of work", "on 8 samples, 48 tensors",
    ):  # fmt: skip
        assert text in found.text, text


def test_one_sample_is_one_sample():
    document = variant("int8")
    document["details"]["parity"]["layers"]["samples"] = 1
    assert "Source against artifact on 1 sample, 48 tensors" in page(document).text


def test_a_rejected_one_says_why_and_what_is_likely():
    document = variant("int8", accepted=False)
    found = page(document)
    for text in (
        "Rejected", "7 gates: 4 hold, 1 failed, 1 unproven, 1 waived", "Likely causes",
        "channels of the calibration data are swapped", "no device is attached", "−4.21 %",
    ):  # fmt: skip
        assert text in found.text, text
    assert found.text.index("Rejected") < found.text.index("Likely causes")
    assert found.text.index("Likely causes") < found.text.index("Acceptance")
    gates = found.text[found.text.index("evidence") :]
    assert gates.index("quality.map50") < gates.index("contract.mismatches"), "what fails is first"


def test_a_page_asks_nothing_of_anybody():
    text = html.page(variant("int8"))
    found = Page(text)
    assert not {"script", "link", "iframe", "object", "embed", "form"} & set(found.tags)
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in found.links)
    assert "url(" not in text
    assert "@import" not in text
    assert (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'; img-src data:\">"
    ) in text


def test_every_entry_of_the_contents_leads_somewhere():
    found = page(variant("int8"))
    inner = [link[1:] for link in found.links if link.startswith("#")]
    assert len(inner) > 12
    assert set(inner) <= found.ids


def test_every_picture_has_words_for_those_who_do_not_see_it():
    pictures = page(variant("int8")).pictures
    told = [p for p in pictures if p.get("role") == "img"]
    assert len(told) > 20
    assert all(p["aria-label"] for p in told)
    assert all(p.get("aria-hidden") == "true" for p in pictures if p not in told)


def test_variants_stand_beside_each_other():
    this, other = variant("int8"), variant("fp16", seed=7, accepted=False)
    found = page(this, {"../fp16/rejected/report.html": other}, "../../../index.html")
    assert "../fp16/rejected/report.html" in found.links
    assert "../../../index.html" in found.links
    assert "int8 (this one)" in found.text
    assert "The larger a disc, the larger the artifact" in found.text
    alone = page(this)
    assert "variants" not in alone.ids and "Variants" not in alone.text


def test_what_a_step_was_told_and_what_it_read_stands_in_the_pipeline():
    document = variant("int8")
    first, second = document["pipeline"][2:4]
    first["params"] = {"target": "qnn", "samples": None}
    first["inputs"] = {"model": {"sha256": "ab" * 32, "name": "model.onnx"}}
    found = page(document).text
    assert 'target: "qnn", samples: null' in found
    assert "read model abababababab (model.onnx)" in found
    made = second["outputs"]["dlc"]["sha256"][:12]
    assert f"made dlc {made} (412.38 kB)" in found


def test_a_value_that_is_not_finite_is_not_shown_as_0():
    document = variant("int8")
    views = [view for sample in document["shown"]["gallery"]["samples"] for view in sample["views"]]
    next(view for view in views if view.get("pairs"))["pairs"] = [["0", 0.31, None], ["1", 0, 0.5]]
    found = page(document).text
    assert "0.31 / not finite" in found
    assert "0 / 0.5" in found


def test_environments_without_packages_are_not_listed():
    document = variant("int8")
    document["about"]["tools"]["bare"] = {}
    assert "bare" not in page(document).text


def test_answers_that_are_no_numbers_are_no_class():
    document = variant("int8")
    document["details"]["quality"]["confusion"] = {
        "labels": [-1, 0, 1], "source": [[0, 0, 0], [0, 4, 0], [0, 0, 4]],
        "artifact": [[0, 0, 0], [4, 0, 0], [1, 0, 3]],
    }  # fmt: skip
    assert "no number" in page(document).text
    document["details"]["quality"]["confusion"]["source"][0] = [2, 0, 0]  # a class of the truth
    assert "no number" not in page(document).text


def test_a_report_of_nothing_says_why():
    bare = variant("", seed=2)
    bare |= {
        "details": {}, "shown": {}, "measurements": [], "placement": [], "waivers": [], "findings": [],
        "pipeline": [], "contract": {}, "missing": {"latency": "no device is attached"},
    }  # fmt: skip
    found = page(bare)
    for text in (
        "No gate was set", "The manifest sets no threshold", "Quality: the manifest declares no evaluation data",
        "Latency: no device is attached", "Placement: the compiler does not say what runs where",
    ):  # fmt: skip
        assert text in found.text, text


@pytest.mark.parametrize("part", ["parity", "cost", "latency", "quality", "numeric", "placement"])
@pytest.mark.parametrize(
    "content", [{}, {"layers": None, "totals": None, "ms": None, "tensors": None}]
)
def test_a_part_that_has_nothing_stops_no_other(part, content):
    document = variant("int8")
    document["details"][part] = content
    assert "Acceptance" in page(document).text


def test_values_without_end_are_drawn_and_told():
    document = variant("int8")
    for row in (*document["measurements"], *document["findings"]):
        if row["metric"] == "parity.sqnr_db":
            row["value"] = "inf"
    document["findings"].append(finding("numeric.fp16_overflow", "inf", "<= 0", "failed"))
    rows = document["details"]["parity"]["layers"]["rows"]
    rows[3] |= {"sqnr_db": "-inf", "nonfinite": 5}
    rows[4]["sqnr_db"] = None
    found = page(document)
    assert "∞ dB" in found.text
    assert "5 values are not finite" in found.text
    again = json.loads(render.text(document))
    assert again["findings"][1]["value"] == "inf"


def test_infinities_of_floats_are_no_sound_tensors():
    document = variant("int8")
    clean = {"name": "c1", "layer": "conv", "kind": "value", "elements": 100, "max_abs": 3.0, "nan": 0,
             "inf": 0, "overflow": None, "subnormal": None}  # fmt: skip
    document["details"]["numeric"]["tensors"] = [clean]
    assert "No tensor overflows, has values that are no numbers" in page(document).text
    document["details"]["numeric"]["tensors"] = [{**clean, "inf": 7, "max_abs": "inf"}]
    found = page(document).text
    assert "No tensor overflows" not in found
    assert "The tensor that loses most" in found


@pytest.mark.parametrize(
    ("verdicts", "use"),
    [(["passed", "waived"], "used"), (["passed"], "not needed"), ([], "not needed"),
     (["passed", "failed"], "expired")],
)  # fmt: skip
def test_what_became_of_a_waiver(verdicts, use):
    document = variant("int8")
    document["waivers"] = [
        {"metric": "a.b", "reason": "r", "owner": "ada", "expires": "2026-01-01"}
    ]
    document["findings"] = [finding("a.b", 1, "<= 1", verdict) for verdict in verdicts]
    assert f"2026-01-01{use}" in page(document).text


# What the page's code chooses by, not what it shows.
KEPT = {
    "verdict",
    "limit",
    "evidence",
    "kind",
    "metric",
    "png",
    "output",
    "step",
    "layers",
    "pictures",
}
HOSTILE = st.text(min_size=1) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "</style><b>",
        "]]>",
        '" onload="x',
        "&#60;b&#62;",
        "\x00\x1b\ud800",
    ]
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HOSTILE)
def test_nothing_that_a_manifest_or_model_says_breaks_out_of_its_place(text):
    def poisoned(value):
        if isinstance(value, dict):
            return {k: v if k in KEPT else poisoned(v) for k, v in value.items()}
        if isinstance(value, list):
            return [poisoned(v) for v in value]
        return text if isinstance(value, str) else value

    clean, dirty = page(SMALL), page(poisoned(SMALL))
    assert set(dirty.tags) <= {*clean.tags, "code"}
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in dirty.links)


SMALL = variant("int8", layers=3)
