"""Every guard statement of the firmware, from its source: what a list of weakenings must weaken, each one.

A guard statement is a `raise` of Refusal, Failure, EntryRefused or EncodingError, the return of a failure code or of
a table's rule, a call of what is named require, and a call that rejects, safes, stands down, cuts power, inhibits,
withdraws or disarms. Where a condition leads straight to it, each alternative of the condition (`a or b`,
`not (a and b)`) is a guard of its own, and is weakened with the others left.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from tests.safety.explorer import ROOT

PAYLOAD = ROOT / "firmware" / "payload"
ERRORS = ("Refusal", "Failure", "EntryRefused", "EncodingError", "error")
ACTS = (
    "safe", "stand_down", "hard_off", "limit_broken", "inhibit", "guard_inhibit", "withdraw", "disarm", "latch",
    "end_take", "cut_power", "cut_power_confirmed", "cut_power_persistently", "open_all", "drop_damaged",
    "_all_off", "_hard_off", "_act", "_cut_door_supply", "_reject",
)  # fmt: skip


@dataclass(frozen=True)
class Span:
    """Characters of a source file, in UTF-8 as the compiler counts them."""

    first: int
    end: int

    def meets(self, other: "Span") -> bool:
        return self.first < other.end and other.first < self.end


@dataclass(frozen=True)
class GuardStatement:
    """`text` in `function` of `file` must be weakened, at one of `spans`; `others` are its condition's alternatives."""

    file: str
    line: int
    function: str
    text: str
    spans: tuple[Span, ...]
    others: tuple[Span, ...] = ()

    def is_weakened_by(self, edited: Span) -> bool:
        return any(span.meets(edited) for span in self.spans) and not any(other.meets(edited) for other in self.others)


class _Source:
    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.line_starts = [0]
        for line in text.encode().splitlines(keepends=True):
            self.line_starts.append(self.line_starts[-1] + len(line))

    def span(self, first: ast.expr | ast.stmt, last: ast.expr | ast.stmt | None = None) -> Span:
        last = last or first
        assert last.end_lineno is not None and last.end_col_offset is not None
        return Span(
            self.line_starts[first.lineno - 1] + first.col_offset,
            self.line_starts[last.end_lineno - 1] + last.end_col_offset,
        )

    def words(self, span: Span) -> str:
        return " ".join(self.text.encode()[span.first : span.end].decode().split())


def alternatives(test: ast.expr, negated: bool = False) -> list[ast.expr]:
    """The parts of a condition each of which makes it true alone, whatever is asked besides."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return alternatives(test.operand, not negated)
    if isinstance(test, ast.BoolOp):
        each = [alternatives(value, negated) for value in test.values]
        if isinstance(test.op, ast.And) == negated:
            return [part for parts in each for part in parts]
        several = [part for parts in each if len(parts) > 1 for part in parts]
        return several or [test]
    if negated and isinstance(test, ast.Compare) and len(test.ops) > 1:
        return [test.left, test.comparators[-1]]
    return [test]


def _called(call: ast.Call) -> str:
    function = call.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _names_a_refusal(value: ast.expr) -> bool:
    """Is it a failure code or a rule of the tables?"""
    if not (isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name)):
        return False
    return value.value.id == "failures" or (value.value.id == "enums" and value.attr.startswith("RULE_"))


def _is_guard(node: ast.AST) -> TypeGuard[ast.Raise | ast.Return | ast.Call]:
    if isinstance(node, ast.Raise):
        return isinstance(node.exc, ast.Name) or (isinstance(node.exc, ast.Call) and _called(node.exc) in ERRORS)
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        return any(_names_a_refusal(value) for value in node.value.elts)
    if isinstance(node, ast.Call):
        return _called(node).lstrip("_").startswith("require") or _called(node) in ACTS
    return False


def _of_body(
    source: _Source, function: str, guards: Sequence[ast.expr | ast.stmt], condition: ast.If | None
) -> Iterator[GuardStatement]:
    """What is guarded in one body; `condition` leads straight to it. Weakened there or, where it is all, in itself."""
    parts = alternatives(condition.test) if condition else []
    spans = [source.span(part) for part in parts]
    if guards and len(parts) > 1:
        for part, span in zip(parts, spans, strict=True):
            others = tuple(other for other in spans if other != span)
            yield GuardStatement(source.file, part.lineno, function, source.words(span), (span,), others)
        if len(guards) == 1:
            return
    for node in guards:
        places = (source.span(node), *spans) if len(guards) == len(parts) == 1 else (source.span(node),)
        yield GuardStatement(source.file, node.lineno, function, source.words(places[-1]), places)


def _walk(
    source: _Source, function: str, body: Sequence[ast.stmt], condition: ast.If | None
) -> Iterator[GuardStatement]:
    """`condition`: what leads straight to this body."""
    guards = [node for statement in body for node in _of_this(statement) if _is_guard(node)]
    yield from _of_body(source, function, guards, condition)
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            yield from _walk(source, f"{function}.{statement.name}".lstrip("."), statement.body, None)
        elif isinstance(statement, ast.If):
            yield from _walk(source, function, statement.body, statement)
            yield from _walk(source, function, statement.orelse, None)
        else:
            for inner in ("body", "orelse", "finalbody"):
                yield from _walk(source, function, getattr(statement, inner, []), None)
            for handler in getattr(statement, "handlers", []):
                yield from _walk(source, function, handler.body, None)


def _of_this(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement but those of the statements within it."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop(0)
        yield node
        waiting += [
            child for child in ast.iter_child_nodes(node) if not isinstance(child, (ast.stmt, ast.ExceptHandler))
        ]


def guard_statements(file: str, text: str) -> list[GuardStatement]:
    return list(_walk(_Source(file, text), "", ast.parse(text).body, None))


def guarded_files() -> list[str]:
    """Every file of the firmware, whatever it guards: a new one is among them at once."""
    return sorted(str(path.relative_to(PAYLOAD)) for path in PAYLOAD.rglob("*.py"))


def edited_span(text: str, old: str, new: str) -> Span:
    """What an edit really changes: `old` without what it has in common with `new` at both ends."""
    before, after = old.encode(), new.encode()
    first = 0
    while first < min(len(before), len(after)) and before[first] == after[first]:
        first += 1
    left = 0
    while left < min(len(before), len(after)) - first and before[-1 - left] == after[-1 - left]:
        left += 1
    place = text.encode().index(before)
    return Span(place + first, place + max(len(before) - left, first + 1))


def not_weakened(
    statements: Iterable[GuardStatement], edits: Iterable[tuple[str, str, str]], texts: dict[str, str]
) -> list[GuardStatement]:
    """The statements that none of the edits (file, old, new) weakens; `texts` has each file's source."""
    edited: dict[str, list[Span]] = {}
    for file, old, new in edits:
        edited.setdefault(file, []).append(edited_span(texts[file], old, new))
    return [
        statement
        for statement in statements
        if not any(statement.is_weakened_by(span) for span in edited.get(statement.file, ()))
    ]
