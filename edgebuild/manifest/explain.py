"""What jsonschema finds wrong with a document, in this project's words and at the right place."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgebuild.errors import Position, suggest
from edgebuild.manifest import wording
from edgebuild.manifest.document import Document, ManifestError, Path, quoted
from edgebuild.manifest.validate import matcher

if TYPE_CHECKING:
    from jsonschema import ValidationError

Schema = Mapping[str, Any]
# A problem, and the path of what to leave out of further checks because of it (None: nothing).
Found = tuple[Path | None, ManifestError]


def explain(
    document: Document, schema: Schema, definitions: Schema, base: Path = (), value: Any = None
) -> list[Found]:
    """Every way in which `value`, at path `base` of a document, is not valid.

    Without `base` it is the whole document. `definitions` is the `$defs` that `$ref`s name.
    """
    import referencing

    validator = validator_class()(
        {"allOf": [schema], "$defs": definitions},
        registry=referencing.Registry(),  # one that retrieves nothing, from nowhere
    )
    explainer = _Explainer(document, base)
    problems = [
        found
        for error in validator.iter_errors(value if base else document.value)
        for found in explainer.problems(error)
    ]
    return [(path, p) for path, p in problems if not _is_spoilt(document, path)]


def _is_spoilt(document: Document, path: Path | None) -> bool:
    return path is not None and any(path[: len(s)] == s for s in document.spoilt)


@functools.cache
def validator_class() -> Any:
    """Draft 2020-12 with two corners cut off: 1.0 is no whole number, and `$` is the very end."""
    import jsonschema

    def is_integer(checker: Any, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    def pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[ValidationError]:
        if isinstance(value, str) and not matcher(pattern)(value):
            yield jsonschema.ValidationError("does not match")

    base = jsonschema.Draft202012Validator
    extend: Any = jsonschema.validators.extend
    return extend(
        base,
        {"pattern": pattern},
        type_checker=base.TYPE_CHECKER.redefine("integer", is_integer),
    )


@dataclass(frozen=True)
class _Explainer:
    document: Document
    base: Path

    def problems(self, error: ValidationError) -> Iterator[Found]:
        """What to tell of one error of jsonschema; nothing that it only wraps."""
        path: Path = (*self.base, *error.absolute_path)
        word, schema = str(error.validator), error.schema
        value: Any = error.instance
        assert isinstance(schema, Mapping)
        if word in ("anyOf", "oneOf"):
            yield from self._alternatives(error, schema, path)
        elif word == "additionalProperties":
            for name in value:
                if name not in schema["properties"]:
                    yield (*path, name), self._unknown(name, schema, path)
        elif word == "required":
            # One error a missing field, and only its message says which.
            name = next(n for n in schema["required"] if error.message.startswith(repr(n)))
            doc = schema.get("properties", {}).get(name, {}).get("description")
            yield (
                None,
                ManifestError(
                    f"missing field `{name}`{wording.within(path)}",
                    position=self.document.key(path),
                    hint=f"`{name}`: {doc}" if doc else None,
                ),
            )
        elif "propertyNames" in list(error.relative_schema_path)[-2:]:
            yield (
                (*path, value),
                ManifestError(
                    f"{quoted(value)}{wording.within(path)} is not {schema['patternErrorMessage']}",
                    position=self.document.key((*path, value)),
                ),
            )
        elif word == "enum" and "x-noun" in schema:
            yield (
                path,
                _unknown_name(schema["x-noun"], value, schema["enum"], self._at(path, value)),
            )
        else:
            must, hint = wording.value(word, schema, value, self.document.text(path))
            yield (
                path,
                ManifestError(
                    f"{wording.name(path)} must {must}", position=self._at(path, value), hint=hint
                ),
            )

    def _at(self, path: Path, value: Any) -> Position:
        """Where a value is; a block is best shown by the key that holds it."""
        block = isinstance(value, (dict, list))
        return self.document.key(path) if block else self.document.at(path)

    def _unknown(self, name: str, schema: Schema, path: Path) -> ManifestError:
        position = self.document.key((*path, name))
        known = sorted(schema["properties"])
        if "x-noun" in schema:
            return _unknown_name(schema["x-noun"], name, known, position)
        near = suggest(name, known)
        listing = f"fields here: {', '.join(known)}" if known else "there are no fields here"
        return ManifestError(
            f"unknown field {quoted(name)}{wording.within(path)}",
            position=position,
            hint=f"did you mean `{near}`?" if near else listing,
        )

    def _alternatives(self, error: ValidationError, schema: Schema, path: Path) -> Iterator[Found]:
        """Of alternatives, the one that the value's type fits says what is wrong."""
        branches = schema[str(error.validator)]
        value = error.instance
        if all(set(branch) == {"required"} for branch in branches):
            names = [f"`{branch['required'][0]}`" for branch in branches]
            many = "exactly one" if error.validator == "oneOf" else "at least one"
            yield (
                None,
                ManifestError(
                    f"{wording.name(path)} must have {many} of {', '.join(names)}",
                    position=self.document.key(path),
                ),
            )
            return
        lacks = _missing_params(branches, value)
        if lacks:
            yield (
                path,
                ManifestError(
                    f"{quoted(value)} needs parameters: {', '.join(lacks)}",
                    position=self.document.at(path),
                    hint=f"write `{value}: {{{lacks[0]}: ...}}`",
                ),
            )
            return
        causes: dict[int, list[ValidationError]] = {}
        for cause in error.context or ():
            causes.setdefault(int(cause.relative_schema_path[0]), []).append(cause)
        fitting = [
            branch
            for branch in causes.values()
            if not any(c.validator == "type" and not c.relative_path for c in branch)
        ]
        if len(fitting) == 1:
            for cause in fitting[0]:
                yield from self.problems(cause)
            return
        wanted = " or ".join(dict.fromkeys(wording.kind(branch) for branch in branches))
        yield (
            path,
            ManifestError(
                f"{wording.name(path)} must be {wanted}, not {wording.shown(value)}",
                position=self._at(path, value),
            ),
        )


def _unknown_name(noun: str, name: Any, known: Iterable[str], position: Position) -> ManifestError:
    names = sorted(known)
    near = suggest(str(name), names)
    listing = "`doit kinds` shows all of them"
    if noun in ("compile parameter", "budget", "firmware"):
        listing = f"there are: {', '.join(names)}"
    return ManifestError(
        f"unknown {noun} {quoted(name)}",
        position=position,
        hint=f"did you mean `{near}`? {listing}" if near else listing,
    )


def _missing_params(branches: Iterable[Schema], value: Any) -> list[str]:
    """Parameters that a bare name lacks, where another branch takes the name with them."""
    for branch in branches:
        own = branch.get("properties", {}).get(value) if isinstance(value, str) else None
        if own and own.get("required"):
            return list(own["required"])
    return []
