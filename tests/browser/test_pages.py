"""Pages in a real browser: nothing is complained about, nothing is asked for, everything can be reached."""

import chromium
import pytest
from fakebuild import build
from fakeproject import matrix, model, project
from fakereport import variant

from edgebuild.manifest.model import ModelTarget
from edgebuild.report import budget, index, render
from edgebuild.report.trend import remembered

WIDE, PHONE = {"width": 1280}, {"width": 390, "height": 844, "mobile": True}
BAD = '<img src=x onerror="document.title=1">"></svg><script>document.title=2</script>'


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if chromium.find() is None:
        pytest.skip("there is no Chromium: `apt-get install chromium`")
    started = chromium.Browser(tmp_path_factory.mktemp("browser"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Name -> page: reports with everything and with nothing, the index of many, a budget."""
    folder = tmp_path_factory.mktemp("pages")
    known = {
        "accepted": variant("int8"),
        "rejected": variant("fp16", seed=7, accepted=False),
        "bare": bare(),
        "hostile": hostile(variant(BAD, seed=3, layers=5)),
    }
    made = {}
    for name, document in known.items():
        around = {f"../{o}/report.html": d for o, d in known.items() if o != name}
        path = folder / name / "report.html"
        path.parent.mkdir()
        path.write_bytes(render.page(document, around, "../index.html"))
        made[name] = path
    made["index"] = folder / "index.html"
    made["index"].write_text(many(known))
    made["budget"] = folder / "budget.html"
    made["budget"].write_text(budget.page(of_a_target()))
    return made


def bare():
    document = variant("", seed=2)
    empty = {k: [] for k in ("findings", "measurements", "placement", "waivers", "pipeline")}
    return document | empty | {"details": {}, "shown": {}}


def hostile(value, key=""):
    """Every text that people or models choose is an attempt."""
    if isinstance(value, dict):
        return {k: v if k in ("schema", "png", "how") else hostile(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [hostile(v, key) for v in value]
    chosen = (
        "name",
        "detail",
        "reason",
        "cause",
        "evidence",
        "title",
        "note",
        "layer",
        "description",
    )
    return BAD if isinstance(value, str) and key in chosen and len(value) > 9 else value


def many(known):
    """Targets and models enough that a phone cannot show them beside each other."""
    reports, history = {}, {}
    for target in (
        "desktop",
        "board-50",
        "camera-with-a-long-name",
        "phone-8",
        "laptop",
        "watch",
        "car",
    ):
        for name in ("head-body", "gaze", "yunet"):
            good = (target, name) != ("phone-8", "gaze")
            document = variant("int8", model=name, target=target, accepted=good, layers=3)
            if name != "yunet":
                document["findings"][2]["verdict"] = "passed"
            reports[f"{target}/{name}/report.html"] = document
            line = remembered(document, "2026-06-01")
            history[document["name"]] = [{**line, "size_bytes": 1000 * k} for k in range(1, 9)]
    reports["hostile/report.html"] = known["hostile"]
    return index.page(reports, [("gaze", "watch", "GRU is not supported")], history)


def of_a_target():
    line = variant("int8")["findings"][5] | {"metric": "budget.weight_memory_mb", "unit": "MB"}
    part = {"label": "", "unit": "MB", "evidence": "host", "detail": "", "counts": True, "why": ""}
    parts = [
        {**part, "model": name, "value": value} for name, value in (("net", 6.1), ("other", 2.0))
    ]
    return {
        "schema": budget.SCHEMA, "name": "board/budget", "target": "board", "description": "a board",
        "accepted": True, "findings": [line], "parts": {line["metric"]: parts}, "waivers": [],
    }  # fmt: skip


NAMES = ("accepted", "rejected", "bare", "hostile", "index", "budget")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_opens_without_complaint_or_request_and_fits(browser, pages, name, size, dark):
    browser.open(pages[name], dark=dark, **size)
    assert browser.problems() == []
    assert browser.requests() == [pages[name].as_uri()]
    assert browser.run("document.title") not in ("1", "2")
    assert browser.run("document.documentElement.scrollWidth") <= size["width"]
    assert browser.run("document.body.scrollWidth") <= size["width"]
    ground = browser.run("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(17, 20, 24)" if dark else "rgb(255, 255, 255)")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["accepted", "rejected", "index"])
def test_words_stand_out_from_the_ground(browser, pages, name, dark):
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5."""
    browser.open(pages[name], dark=dark)
    worst = browser.run(
        """(() => {
          const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const ground = e => { for (; e; e = e.parentElement) {
            const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)|heat/.test(c)) return c; } };
          let worst = [99, ''];
          for (const e of document.querySelectorAll('p, td:not(.heat), th, a, .dim, .badge, b, dt, dd, li, .said')) {
            if (!e.textContent.trim() || !e.getClientRects().length) continue;
            const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
            const found = (a + 0.05) / (b + 0.05);
            if (found < worst[0]) worst = [found, e.outerHTML.slice(0, 90)];
          }
          return worst;
        })()"""
    )
    assert worst[0] >= 4.5, worst


def test_every_embedded_picture_is_one(browser, pages):
    browser.open(pages["accepted"])
    script = (
        "Promise.all([...document.querySelectorAll('image')].map(i => i.decode().then(() => 1)))"
    )
    assert browser.run(script) == [1, 1, 1, 1]
    shown = browser.run(
        "[...document.querySelectorAll('svg.picture use')].filter(u => u.getBBox().width > 9).length"
    )
    assert shown == 12


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_pictures_are_in_the_page_and_their_words_can_be_read(browser, pages, size):
    browser.open(pages["accepted"], **size)
    found = browser.run(
        """[...document.querySelectorAll('svg.plot')].map(p => [
          p.getBoundingClientRect().width, p.getBoundingClientRect().height,
          Math.min(...[...p.querySelectorAll('text')].map(t => parseFloat(getComputedStyle(t).fontSize))),
          Math.min(...[...p.querySelectorAll('text')].map(t => t.getBoundingClientRect().left)),
          Math.max(...[...p.querySelectorAll('text')].map(t => t.getBoundingClientRect().right))])"""
    )
    assert len(found) == 4
    for width, height, letters, left, right in found:
        assert width > 0.85 * min(size["width"], 1056) - 40
        assert height > 200
        assert letters >= 12
        assert left >= 0
        assert right <= size["width"] + 1


def test_on_a_phone_what_is_said_of_a_gate_has_the_whole_width(browser, pages):
    browser.open(pages["rejected"], **PHONE)
    said = "[...document.querySelectorAll('.gates td.gate div')]"
    assert browser.run(f"{said}.length") >= 2
    share = "e.getBoundingClientRect().width / e.closest('tr').getBoundingClientRect().width"
    assert browser.run(f"Math.min(...{said}.map(e => {share}))") > 0.9
    # A name stands on one line beside its verdict.
    tall = (
        "[...document.querySelectorAll('.gates td.gate code')].map(e => e.getClientRects().length)"
    )
    assert browser.run(f"Math.max(...{tall})") == 1


@pytest.mark.parametrize("name", ["accepted", "rejected"])
def test_on_paper_no_table_is_cut(browser, pages, name):
    """A4 less Chromium's margins is 718 pixels wide."""
    browser.open(pages[name], width=718)
    browser.call("Emulation.setEmulatedMedia", media="print")
    over = "[...document.querySelectorAll('section > .wide table')].map(e => e.getBoundingClientRect().right)"
    assert browser.run(f"Math.max(...{over})") <= 718
    sizes = "['p', 'td'].map(t => parseFloat(getComputedStyle(document.querySelector(`section ${t}`)).fontSize))"
    text, cell = browser.run(sizes)
    assert abs(text - cell) < 2
    browser.call("Emulation.setEmulatedMedia", media="")


def test_contents_lead_to_their_section_and_what_is_folded_opens(browser, pages):
    browser.open(pages["accepted"])
    browser.call(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-reduced-motion", "value": "reduce"}],
    )
    browser.click('.contents a[href="#placement"]')
    browser.run("new Promise(done => setTimeout(done, 800))")
    assert browser.run("location.hash") == "#placement"
    top = browser.run("document.querySelector('#placement').getBoundingClientRect().top")
    assert -10 <= top <= 150
    rows = "document.querySelector('#placement details table').getClientRects().length"
    assert browser.run("document.querySelector('#placement details').open") is False
    browser.click("#placement summary")
    assert browser.run("document.querySelector('#placement details').open") is True
    assert browser.run(rows) == 1


def shown(browser):
    """What of the index can be seen: models, targets of the head, entries, rows of the trend."""
    seen = "[...document.querySelectorAll('{}')].filter(e => e.getClientRects().length)"
    return [
        browser.run(f"{seen.format(what)}.length")
        for what in (".models tbody tr", ".models thead th", ".models .entry", ".trend .entry")
    ]


def choose(browser, name, value):
    browser.run(
        f"(() => {{ const s = document.querySelector('select[name={name}]'); s.value = '{value}';"
        " s.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def test_the_index_is_filtered_by_name_verdict_and_target(browser, pages):
    browser.open(pages["index"])
    whole = shown(browser)
    assert whole == [3, 8, 23, 21]
    browser.click("input[name=text]")
    browser.type("gaze")
    assert shown(browser) == [1, 8, 8, 7]
    assert browser.run("document.querySelector('#count').textContent") == "8 of 23 shown"
    choose(browser, "verdict", "refused")
    assert shown(browser)[2] == 1
    choose(browser, "verdict", "rejected")
    assert browser.run("[...document.querySelectorAll('.models .entry:not([hidden])')].map(e => e.title)") == [
        "gaze/phone-8/int8: rejected"
    ]  # fmt: skip
    browser.click("button[type=reset]")
    browser.run("new Promise(done => setTimeout(done, 50))")
    assert shown(browser) == whole
    choose(browser, "target", "watch")
    assert shown(browser) == [3, 2, 4, 3]
    choose(browser, "verdict", "waived")
    assert shown(browser)[2] == 1
    assert browser.problems() == []


def test_the_index_without_script_shows_all_and_offers_no_filter(browser, pages):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(pages["index"])
        assert shown(browser) == [3, 8, 23, 21]
        assert browser.run("document.querySelector('#filter').getClientRects().length") == 0
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.parametrize("name", ["accepted", "index"])
def test_a_page_prints_dark_on_white(browser, pages, name):
    browser.open(pages[name], dark=True)
    printed = browser.pdf()
    assert printed.startswith(b"%PDF")
    assert 2 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") <= 16
    scheme = {"name": "prefers-color-scheme", "value": "dark"}
    browser.call("Emulation.setEmulatedMedia", media="print", features=[scheme])
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.run("getComputedStyle(document.body).color") == "rgb(22, 25, 29)"
    browser.call("Emulation.setEmulatedMedia", media="", features=[])


def test_pages_of_a_real_build_lead_to_each_other(browser, tmp_path):
    (tmp_path / "net.txt").write_text("alpha beta")
    on_board = ModelTarget(target="board", matrix=matrix(times=[1, 2]))
    build(project(tmp_path, model(targets={"board": on_board})), tmp_path / "home")
    home = tmp_path / "artifacts"
    browser.open(home / "index.html")
    for selector, page in (
        (".models .entry a", "board/net/times-1/report.html"),
        ("#variants td a", "board/net/times-2/report.html"),
        (".trail a", "index.html"),
        (".trend a", "board/net/times-1/report.html"),
    ):
        browser.events.clear()
        browser.click(selector)
        browser.wait("Page.loadEventFired")
        assert browser.run("location.href") == (home / page).as_uri()
        assert browser.problems() == []
