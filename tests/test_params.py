"""Parameters of kinds: their JSON Schema, their parsing, the files among them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest

from edgebuild.params import FILE_SCHEMA, params_schema, parse_params, place_files, required_params
from edgebuild.step import Fetched, File, NoParams, ProjectFile, param


@dataclass(frozen=True, kw_only=True)
class Params:
    class_: str = param("name of the class")
    file: File = param("a file")
    weights: File | None = param("another", None)
    modules: tuple[File, ...] = param("more", ())
    named: dict[str, File] = field(default_factory=dict, metadata={"doc": "by name"})
    count: int = param("how many", 3, minimum=1, maximum=9)
    ratio: float = param("how much", 0.5)
    fast: bool = param("whether", False)
    mode: Literal["a", "b"] = param("which", "a")
    maybe: Literal["a"] | None = param("which, if any", None)
    few: int | None = param("few", None, minimum=1)
    scales: tuple[float, ...] = param("scales", (1.0,), minimum=0)
    table: dict[str, float] = field(default_factory=dict, metadata={"doc": "table"})


def test_schema_has_types_bounds_defaults_and_documentation():
    schema = params_schema(Params)
    assert schema["required"] == ["class", "file"]
    assert schema["additionalProperties"] is False
    properties = schema["properties"]
    assert properties["class"] == {"type": "string", "description": "name of the class"}
    assert properties["file"] == {**FILE_SCHEMA, "description": "a file"}
    assert properties["weights"]["anyOf"] == [*FILE_SCHEMA["anyOf"], {"type": "null"}]
    assert properties["modules"]["items"] == FILE_SCHEMA
    assert properties["named"]["additionalProperties"] == FILE_SCHEMA
    assert properties["count"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 9,
        "description": "how many",
        "default": 3,
    }
    assert properties["ratio"]["type"] == "number"
    assert properties["fast"] == {"type": "boolean", "description": "whether", "default": False}
    assert properties["mode"]["enum"] == ["a", "b"]
    assert properties["maybe"]["enum"] == ["a", None]
    assert properties["few"] == {"type": ["integer", "null"], "minimum": 1, "description": "few"}
    assert properties["scales"]["items"] == {"type": "number", "minimum": 0}
    assert properties["scales"]["default"] == [1.0]
    assert properties["table"]["additionalProperties"] == {"type": "number"}


def test_schema_of_no_parameters():
    assert params_schema(NoParams)["properties"] == {}
    assert required_params(NoParams) == ()
    assert required_params(Params) == ("class", "file")


def test_names_of_files_become_ports_and_are_checked():
    names = params_schema(Params)["properties"]["named"]["propertyNames"]
    assert names["pattern"].startswith("^[A-Za-z0-9_]")


def test_a_type_that_manifests_lack_is_a_fault_of_the_kind():
    @dataclass(frozen=True, kw_only=True)
    class Odd:
        when: complex = param("when")

    with pytest.raises(TypeError, match="a parameter cannot be <class 'complex'>"):
        params_schema(Odd)


def test_parsing_makes_tuples_and_floats_and_keeps_files():
    file = ProjectFile(path="net.py")
    fetched = Fetched(url="https://x.org/w", sha256="0" * 64, size_bytes=1)
    params = parse_params(
        Params,
        {"class": "Net", "file": file, "weights": fetched, "modules": [file], "named": {"a": file},
         "ratio": 1, "scales": [1, 2.5], "table": {"x": 1}},
    )  # fmt: skip
    assert params == Params(
        class_="Net",
        file=file,
        weights=fetched,
        modules=(file,),
        named={"a": file},
        ratio=1.0,
        scales=(1.0, 2.5),
        table={"x": 1.0},
    )
    assert [type(x) for x in (params.ratio, params.scales[0], params.table["x"])] == [float] * 3


def test_parsing_takes_field_names_and_leaves_files_out():
    params = parse_params(Params, {"class_": "Net", "few": None})
    assert (params.class_, params.file, params.few) == ("Net", None, None)


def test_parsing_refuses_what_is_no_parameter():
    with pytest.raises(TypeError, match=r"Params has no parameter `classs`"):
        parse_params(Params, {"classs": "Net"})


def test_files_are_placed_with_their_path_and_by_field_names():
    seen = []

    def place(written, path):
        seen.append((written, path))
        return ProjectFile(path=f"models/{written}")

    placed = place_files(
        Params,
        {"class": "Net", "file": "a", "weights": None, "modules": ["b"], "named": {"n": "c"}},
        place,
    )
    assert placed == {
        "class_": "Net",
        "file": ProjectFile(path="models/a"),
        "weights": None,
        "modules": [ProjectFile(path="models/b")],
        "named": {"n": ProjectFile(path="models/c")},
    }
    assert seen == [("a", ("file",)), ("b", ("modules", 0)), ("c", ("named", "n"))]
