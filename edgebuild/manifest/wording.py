"""How values, paths and demands on them are put into words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from edgebuild.errors import suggest
from edgebuild.manifest.document import Path, quoted

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_NUMBER = re.compile(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?\Z")


def name(path: Path) -> str:
    """`inputs.eyes.shape[0]` in back quotes, or what the whole is called."""
    if not path:
        return "a manifest"
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return quoted(text.removeprefix("."))


def within(path: Path) -> str:
    """` in `inputs.eyes``, or nothing for the whole."""
    return f" in {name(path)}" if path else ""


def shown(value: Any) -> str:
    """A value as a reader of the manifest knows it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    return quoted(value) if isinstance(value, str) else str(value)


def kind(schema: Mapping[str, Any]) -> str:
    """What sort of value a schema wants."""
    wanted = schema.get("type")
    if wanted is None:
        return f"one of {', '.join(shown(v) for v in schema.get('enum', ()))}"
    return " or ".join(_TYPES[t] for t in ([wanted] if isinstance(wanted, str) else wanted))


def value(word: str, schema: Mapping[str, Any], given: Any, text: str) -> tuple[str, str | None]:
    """What a value must be or have by one keyword, and a hint. `text` is how it was written."""
    limit = schema[word]
    match word:
        case "type":
            what = f'the text "{quoted(given)[1:-1]}"' if isinstance(given, str) else shown(given)
            return f"be {kind(schema)}, not {what}", _type_hint(schema, given, text)
        case "enum":
            near = suggest(str(given), [str(x) for x in limit])
            listing = ", ".join(shown(x) for x in limit)
            hint = f"did you mean `{near}`?" if near else None
            return f"be one of {listing}, not {shown(given)}", hint
        case "const":
            return f"be {shown(limit)}, not {shown(given)}", None
        case "pattern":
            return f"be {schema['patternErrorMessage']}, not {shown(given)}", None
        case "minimum":
            return f"be at least {limit}, not {shown(given)}", None
        case "maximum":
            return f"be at most {limit}, not {shown(given)}", None
        case "exclusiveMinimum":
            return f"be more than {limit}, not {shown(given)}", None
        case "minLength":
            return "not be empty", None
        case "minItems" | "minProperties":
            known = schema.get("properties")
            return "not be empty", f"one of: {', '.join(known)}" if known else None
        case "maxItems" | "maxProperties":
            entries = "1 entry" if limit == 1 else f"{limit} entries"
            return f"have at most {entries}, not {len(given)}", None
        case "uniqueItems":
            return "not name anything twice", None
    raise AssertionError(f"no words for keyword {word}")


def _type_hint(schema: Mapping[str, Any], given: Any, text: str) -> str | None:
    wanted = schema["type"]
    if wanted == "object" and "max_drop" in schema.get("properties", ()):
        one = "..." if given is None or isinstance(given, list) else text
        return f"write {{min: {one}}} or {{max: {one}}}"
    if given is None:
        return "give it a value (an empty mapping is `{}`), or remove it"
    if isinstance(given, str):
        if wanted in ("integer", "number") and _NUMBER.match(given):
            return f"remove the quotes: {given}" if text[:1] in "\"'" else _as_text(given)
        if wanted == "boolean" and given.lower() in ("yes", "no", "on", "off"):
            return "YAML 1.2 knows only true and false"
        if wanted == "array":
            return f"a list of one is written [{quoted(given)[1:-1]}]"
    if wanted == "string" and "patternErrorMessage" in schema:
        return f"it must be {schema['patternErrorMessage']}"
    if wanted == "string" and not isinstance(given, (dict, list)):
        return f'put quotes around it: "{text}"'
    if wanted == "array" and not isinstance(given, dict):
        return f"a list of one is written [{text}]"
    return None


def _as_text(given: str) -> str:
    if given.lstrip("+-").startswith("0"):
        return "a number that begins with 0 is read as text: leave the zeros out"
    return "so long a number is read as text"
