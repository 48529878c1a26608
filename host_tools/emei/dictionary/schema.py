"""Check parsed content against schema.json; what is wrong becomes one sentence a problem."""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from emei.dictionary.errors import did_you_mean
from emei.dictionary.source import Content

_KINDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a table",
}
# Keys by which an entry of a list is called in a sentence.
_CALLED_BY = ("name", "procedure", "input", "layout")


def schema_problems(content: Content, schema: Content) -> list[str]:
    """Sentences that name file, entry, value and what is allowed; empty when the content fits the schema."""
    errors = sorted(Draft202012Validator(schema).iter_errors(content), key=lambda error: [str(e) for e in error.path])
    problems = [sentence for error in errors for sentence in _sentences(error, content)]
    return problems or [
        f"{place(content, path)}: the value is {value}; a finite number is allowed."
        for path, value in _not_finite(content, [])
    ]


def _not_finite(node: Any, path: list[str | int]) -> Iterator[tuple[list[str | int], float]]:
    """Infinity and NaN, which TOML has and no range of a schema refuses."""
    if isinstance(node, float) and not isfinite(node):
        yield path, node
    elif isinstance(node, dict | list):
        for key, item in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _not_finite(item, [*path, key])


def place(content: Content, path: Sequence[str | int]) -> str:
    """Where a path leads: "telecommands.toml, PING, arguments apid, min"."""
    folder = path[:1] == ["units"]
    file = "/".join(str(part) for part in path[: 1 + folder])
    words: list[str] = []
    node: Any = content
    for depth, key in enumerate(path):
        node = node[key] if _has(node, key) else None
        if depth <= folder:
            continue
        if isinstance(key, int):
            called = next((str(node[by]) for by in _CALLED_BY if isinstance(node, dict) and by in node), f"#{key + 1}")
            # "arguments apid" for inner lists; the entries of a file's own list go by their name alone.
            words[-1] = called if depth == 2 + folder else f"{words[-1]} {called}"
        else:
            words.append(str(key))
    return ", ".join([f"{file}.toml", *words])


def _has(node: Any, key: str | int) -> bool:
    return (
        key in node if isinstance(node, dict) else isinstance(node, list) and isinstance(key, int) and key < len(node)
    )


def _sentences(error: ValidationError, content: Content) -> Iterator[str]:
    path = list(error.absolute_path)
    where = place(content, path)
    schema: Any = error.schema
    instance: Any = error.instance
    rule: Any = error.validator_value
    if error.validator == "required":
        missing = [key for key in rule if key not in instance]
        yield f"{where}: {' and '.join(missing)} must be stated."
    elif error.validator == "additionalProperties":
        known = schema["properties"]
        for key in instance:
            if key not in known:
                yield f"{where}: {key} is not known here{did_you_mean(key, known)}"
    elif error.validator == "not":
        yield f"{where}: this is not allowed beside the entry's other keys."
    else:
        yield f"{where}: the value is {instance!r}; {_allowed(error)} is allowed."


def _allowed(error: ValidationError) -> str:
    limit: Any = error.validator_value
    schema: Any = error.schema
    if error.validator == "type":
        if "description" in schema:
            return str(schema["description"])
        kinds = [limit] if isinstance(limit, str) else limit
        return " or ".join(_KINDS[kind] for kind in kinds)
    if error.validator == "enum":
        return "one of " + ", ".join(str(value) for value in limit)
    if error.validator in ("minimum", "maximum"):
        return f"{schema.get('minimum', 'anything')} to {schema.get('maximum', 'anything')}"
    if error.validator == "exclusiveMinimum":
        return f"more than {limit}"
    if error.validator in ("minItems", "maxItems"):
        return f"a list of {schema.get('minItems', 0)} to {schema.get('maxItems', 'any number of')} entries"
    if error.validator == "minProperties":
        return f"a table of at least {limit} keys"
    if error.validator == "uniqueItems":
        return "a list without repetitions"
    return str(schema.get("description", f"only what the schema states ({error.validator} {limit})"))
