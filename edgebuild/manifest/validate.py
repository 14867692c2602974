"""A JSON Schema compiled to one function: quick to say yes, so only what is wrong pays for reasons.

jsonschema needs milliseconds a manifest; projects have thousands. It stays the judge: whatever is
refused here goes to it (`explain`) for the reasons, and a test holds the two together.
Keywords not compiled here are assertions, never ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]

_ANNOTATIONS = {
    "$schema",
    "$defs",
    "title",
    "description",
    "default",
    "x-noun",
    "patternErrorMessage",
}


def compiled(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Check:
    """A function that says whether a plain JSON value is valid; `$ref`s are looked up in `root`."""
    return _Compiler(root).check(schema)


def matcher(pattern: str) -> Callable[[str], Any]:
    """`pattern` as JSON Schema means it: Python's `$` would let a line break pass at the end."""
    if pattern.endswith("$") and not pattern.endswith("\\$"):
        pattern = f"{pattern[:-1]}\\Z"
    return re.compile(pattern).search


class _Compiler:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.known: dict[str, Check] = {}

    def check(self, schema: Mapping[str, Any]) -> Check:
        """All keywords of one schema."""
        unknown = schema.keys() - _ANNOTATIONS - {word for words in _MAKERS for word in words}
        assert not unknown, f"keywords without a check: {unknown}"
        makers = [make for words, make in _MAKERS.items() if any(w in schema for w in words)]
        for kind, whole in (("object", _Compiler.object_), ("array", _Compiler.array)):
            if schema.get("type") == kind:  # it sees to the type as well
                makers = [whole, *(make for make in makers if make not in (_type, whole))]
        checks = [make(self, schema) for make in makers]
        if not checks:
            return lambda value: True
        if len(checks) == 1:
            return checks[0]
        return lambda value: all(check(value) for check in checks)

    def ref(self, schema: Mapping[str, Any]) -> Check:
        name = schema["$ref"]
        if name not in self.known:
            target = self.root
            for part in name.removeprefix("#/").split("/"):
                target = target[part]
            self.known[name] = self.check(target)
        return self.known[name]

    def object_(self, schema: Mapping[str, Any]) -> Check:
        """properties, required, additionalProperties, propertyNames, min- and maxProperties."""
        named = {n: self.check(s) for n, s in schema.get("properties", {}).items()}
        required = tuple(schema.get("required", ()))
        others = schema.get("additionalProperties", True)
        other = self.check(others) if isinstance(others, Mapping) else None
        typed = schema.get("type") == "object"
        names = self.check(schema["propertyNames"]) if "propertyNames" in schema else None
        least, most = schema.get("minProperties", 0), schema.get("maxProperties")

        def check(value: Any) -> bool:
            if type(value) is not dict:
                return not typed
            if len(value) < least or (most is not None and len(value) > most):
                return False
            for name in required:
                if name not in value:
                    return False
            for name, item in value.items():
                if names is not None and not names(name):
                    return False
                own = named.get(name, other)
                if own is None:
                    if others is False:
                        return False
                elif not own(item):
                    return False
            return True

        return check

    def array(self, schema: Mapping[str, Any]) -> Check:
        """items, minItems, maxItems, uniqueItems."""
        items = self.check(schema.get("items", {}))
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        unique, typed = schema.get("uniqueItems", False), schema.get("type") == "array"

        def check(value: Any) -> bool:
            if type(value) is not list:
                return not typed
            if len(value) < least or (most is not None and len(value) > most):
                return False
            for item in value:
                if not items(item):
                    return False
            return not unique or not any(
                _equal(a, b) for i, a in enumerate(value) for b in value[:i]
            )

        return check

    def number(self, schema: Mapping[str, Any]) -> Check:
        """minimum, maximum, exclusiveMinimum."""
        low, high = schema.get("minimum"), schema.get("maximum")
        above = schema.get("exclusiveMinimum")

        def check(value: Any) -> bool:
            if type(value) is not int and type(value) is not float:
                return True
            return (
                (low is None or value >= low)
                and (high is None or value <= high)
                and (above is None or value > above)
            )

        return check

    def any_of(self, schema: Mapping[str, Any]) -> Check:
        branches = [self.check(branch) for branch in schema["anyOf"]]
        return lambda value: any(branch(value) for branch in branches)

    def one_of(self, schema: Mapping[str, Any]) -> Check:
        branches = [self.check(branch) for branch in schema["oneOf"]]
        return lambda value: sum(branch(value) for branch in branches) == 1


def _type(compiler: _Compiler, schema: Mapping[str, Any]) -> Check:
    wanted = schema["type"]
    names = [wanted] if isinstance(wanted, str) else wanted
    types = frozenset(t for name in names for t in _TYPES[name])
    return lambda value: type(value) in types


def _enum(compiler: _Compiler, schema: Mapping[str, Any]) -> Check:
    allowed = schema["enum"]
    if all(type(a) is str for a in allowed):
        words = frozenset(allowed)
        return lambda value: type(value) is str and value in words
    return lambda value: any(_equal(value, a) for a in allowed)


def _const(compiler: _Compiler, schema: Mapping[str, Any]) -> Check:
    return lambda value: _equal(value, schema["const"])


def _pattern(compiler: _Compiler, schema: Mapping[str, Any]) -> Check:
    search = matcher(schema["pattern"])
    return lambda value: type(value) is not str or search(value) is not None


def _min_length(compiler: _Compiler, schema: Mapping[str, Any]) -> Check:
    return lambda value: type(value) is not str or len(value) >= schema["minLength"]


def _equal(a: Any, b: Any) -> bool:
    """Equal as JSON: true is not 1."""
    return a == b and (type(a) is bool) == (type(b) is bool)


_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_Maker = Callable[[_Compiler, Mapping[str, Any]], Check]
# Keywords that one function checks together, cheapest first.
_MAKERS: Mapping[tuple[str, ...], _Maker] = {
    ("type",): _type,
    ("enum",): _enum,
    ("const",): _const,
    ("minLength",): _min_length,
    ("pattern",): _pattern,
    ("minimum", "maximum", "exclusiveMinimum"): _Compiler.number,
    ("items", "minItems", "maxItems", "uniqueItems"): _Compiler.array,
    (
        "properties",
        "required",
        "additionalProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
    ): _Compiler.object_,
    ("anyOf",): _Compiler.any_of,
    ("oneOf",): _Compiler.one_of,
    ("$ref",): _Compiler.ref,
}
