"""How reports look: light and dark, readable on a phone, printable."""

STYLE = """
:root { color-scheme: light dark; --bg: #fff; --ink: #1b1f24; --dim: #667; --line: #d9dde3;
  --card: #f6f7f9; --good: #18794e; --bad: #c62a2f; --warn: #9a6700; --bar: #9db8e0; --accent: #2f5fb3; }
@media (prefers-color-scheme: dark) { :root { --bg: #14171a; --ink: #e6e8eb; --dim: #98a1ab;
  --line: #2f353c; --card: #1c2126; --good: #4cc38a; --bad: #ff6369; --warn: #f1a10d; --bar: #38558a;
  --accent: #82aaff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; padding-bottom: .25rem;
  border-bottom: 1px solid var(--line); }
p { margin: .3rem 0; } .dim { color: var(--dim); }
code, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .87em; }
.verdict { display: inline-block; font-weight: 650; padding: .15rem .7rem; border-radius: 99px;
  border: 1.5px solid currentColor; }
.verdict.accepted, td.passed, span.accepted { color: var(--good); }
.verdict.rejected, td.failed, p.failed, span.rejected { color: var(--bad); }
td.unproven, td.waived, .refused { color: var(--warn); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th { text-align: left; color: var(--dim); font-weight: 550; font-size: .85em; }
th, td { padding: .38rem .7rem .38rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.num { text-align: right; font-variant-numeric: tabular-nums; }
td.num, td.evidence { white-space: nowrap; } td.limit { white-space: normal; min-width: 5rem; }
tr.failed td:first-child, tr.unproven td:first-child { font-weight: 650; }
.cards { display: flex; flex-wrap: wrap; gap: .7rem; margin: 1rem 0; }
.card { background: var(--card); border-radius: .5rem; padding: .6rem .9rem; min-width: 8rem; }
.card b { display: block; font-size: 1.15rem; font-variant-numeric: tabular-nums; }
.margin { width: 9rem; height: .8rem; } .margin rect.track { fill: var(--line); }
.margin rect.passed { fill: var(--good); } .margin rect.failed { fill: var(--bad); }
.margin rect.waived, .margin rect.unproven { fill: var(--warn); } .margin line { stroke: var(--ink);
  stroke-width: 2; }
.stack { width: 100%; height: 1.6rem; border-radius: .3rem; } .stack rect { stroke: var(--bg);
  stroke-width: 1; }
.legend span { margin-right: 1.2rem; white-space: nowrap; } .legend i { display: inline-block; width: .8em;
  height: .8em; border-radius: .2em; margin-right: .4em; vertical-align: -.05em; }
.pipe { list-style: none; padding: 0; margin: 0; } .pipe li { display: grid; gap: 0 .8rem; padding: .35rem 0;
  grid-template-columns: 1fr auto; border-bottom: 1px solid var(--line); }
.pipe .bar { grid-column: 1 / -1; height: 3px; background: var(--bar); border-radius: 2px; margin-top:
  .25rem; }
details summary { cursor: pointer; color: var(--accent); margin: .4rem 0; }
a { color: var(--accent); } .matrix td { min-width: 8rem; }
@media (max-width: 36rem) { .hide-small { display: none; } }
@media print { body { font-size: 11px; } details > * { display: block; } section { break-inside: avoid; } }
"""
