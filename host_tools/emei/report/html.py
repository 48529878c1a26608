"""What every report page shares: one HTML page that needs nothing else, its styles inside."""

from collections.abc import Sequence
from html import escape


def page(title: str, subtitle: str, passed: bool, verdict: str, sections: Sequence[str]) -> str:
    """The page: a head with the verdict, then the sections, which are HTML already."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body><header>'
        f"<h1>{escape(title)}</h1><p>{escape(subtitle)}</p>"
        f'<p class="verdict {"good" if passed else "bad"}">{"✓" if passed else "✗"} {escape(verdict)}</p>'
        f"</header><main>{''.join(sections)}</main></body></html>\n"
    )


def section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def table(heads: Sequence[str], rows: Sequence[str], kind: str) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    return f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


STYLE = """
:root { --ink: #1f2933; --soft: #5b6673; --line: #e4e7eb; --good: #00664b; --bad: #b34700; --paper: #f5f6f8; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 14px/1.45 "DejaVu Sans", "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
header { background: #12304a; color: white; padding: 22px 32px; }
header h1 { margin: 0 0 4px; font-size: 24px; font-weight: 600; }
header p { margin: 2px 0; color: #d3dee8; }
header .verdict { display: inline-block; margin-top: 10px; padding: 4px 12px; border-radius: 4px; color: white;
  font-weight: 600; }
.verdict.good { background: var(--good); } .verdict.bad { background: var(--bad); }
main { max-width: 1360px; margin: 0 auto; padding: 16px 20px 40px; }
section { background: white; border: 1px solid var(--line); border-radius: 6px; padding: 14px 20px 18px;
  margin-top: 16px; }
h2 { font-size: 17px; margin: 0 0 10px; } h3 { font-size: 13px; margin: 0 0 4px; color: var(--soft); font-weight: 600;
  text-transform: uppercase; letter-spacing: .04em; }
figure { margin: 0; } figure svg, figure img { width: 100%; height: auto; display: block; }
.head { display: grid; grid-template-columns: minmax(0, 1fr) 500px; gap: 24px; align-items: start; }
.facts { display: grid; grid-template-columns: 1fr 1fr; gap: 18px 28px; }
dl { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: 2px 12px; }
dt { color: var(--soft); } dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { text-align: left; white-space: nowrap; color: var(--soft); font-weight: 600;
  border-bottom: 2px solid var(--line); padding: 4px 8px; vertical-align: bottom; }
td { border-bottom: 1px solid var(--line); padding: 4px 8px; vertical-align: top; overflow-wrap: anywhere; }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
table.commands th:first-child, table.events th:first-child { text-align: right; }
tr.group th { background: var(--paper); color: var(--ink); border-bottom: 1px solid var(--line); padding-top: 8px; }
.steps td:nth-child(2) { width: 21%; } .steps td:nth-child(3) { width: 28%; color: var(--soft); }
.status { white-space: nowrap; font-weight: 600; }
tr.verified .status { color: var(--good); } tr.failed .status, tr.refused td:last-child { color: var(--bad); }
tr.failed td { background: #fff4ec; }
.commands td:nth-child(2) { width: 42%; } .arguments { color: var(--soft); font-size: 12px; }
td.high, td.medium { color: var(--bad); font-weight: 600; }
.campaign td:nth-child(1) { width: 3%; } .campaign td:nth-child(2) { width: 24%; }
.campaign td:nth-child(4), .campaign td:nth-child(5) { width: 9%; } .campaign td:nth-child(3) { color: var(--soft); }
table.campaign th:first-child, table.campaign th:nth-child(4), table.measured th:nth-child(2) { text-align: right; }
table.measured { table-layout: fixed; margin-bottom: 10px; } .measured th:nth-child(1) { width: 40%; }
.measured th:nth-child(3) { width: 10%; } .attempt { margin: 4px 0; font-variant-numeric: tabular-nums; }
.attempt.verified .status { color: var(--good); } .attempt.failed .status { color: var(--bad); }
.note { color: var(--soft); margin: 8px 0 0; }
.swatch { display: inline-block; width: 14px; height: 10px; border-radius: 2px; }
.swatch.noise { background: #8a94a0; } .swatch.moving { background: #e69f00; } .swatch.echo { background: #009e73; }
.swatch.transmit { background: #f9dfcc; } .swatch.image { background: #d5efe6; }
@media (max-width: 1100px) { .head { grid-template-columns: 1fr; } }
@media print { body { background: white; } section { break-inside: avoid; } }
"""
