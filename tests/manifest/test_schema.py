"""The published JSON Schema, and that what loading checks by is the same."""

import copy
import json

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgebuild.manifest.explain import explain, validator_class
from edgebuild.manifest.schema import schema
from edgebuild.manifest.validate import compiled
from edgebuild.manifest.yaml12 import parse


@pytest.fixture(scope="module")
def published(kinds):
    return schema(kinds)


def plain(text):
    return parse(text.encode(), "m.yaml")[0].value


def test_it_is_a_valid_schema_and_plain_json(published):
    jsonschema.Draft202012Validator.check_schema(published)
    assert json.loads(json.dumps(published)) == published


@pytest.mark.parametrize("what", ["model", "target", "two backends"])
def test_it_takes_what_loads(published, texts, what):
    jsonschema.Draft202012Validator(published).validate(plain(texts[what]))


@pytest.mark.parametrize(
    "path",
    [
        (),
        ("source", "torch"),
        ("inputs", "eyes"),
        ("data",),
        ("data", "decode"),
        ("targets", "oak"),
    ],
)
def test_it_refuses_fields_it_does_not_know(published, texts, path):
    value = plain(texts["model"])
    holder = value
    for part in path:
        holder = holder[part]
    holder["unknown"] = {}
    assert not jsonschema.Draft202012Validator(published).is_valid(value)


def test_editors_can_complete_names_and_parameters(published):
    passes = published["$defs"]["pass"]["anyOf"]
    assert passes[0]["enum"] == ["fold_constants", "legalize", "quantize", "simplify"]
    assert passes[1]["properties"]["embed_preprocessing"]["required"] == ["inputs"]
    assert set(published["$defs"]["compile"]["properties"]) == {"shaves", "input_precision", "io"}
    torch = published["$defs"]["model"]["properties"]["source"]["properties"]["torch"]
    assert torch["description"] == "What source/torch does."
    assert torch["properties"]["class"] == {"type": "string", "description": "name of the class"}
    limits = published["$defs"]["accept"]["properties"]
    assert limits["size.bytes"] == {
        "$ref": "#/$defs/size_limit",
        "description": "size [bytes]; lower is better",
    }


JUNK = st.sampled_from(
    [
        None,
        True,
        0,
        1,
        -1,
        1.5,
        "",
        "x",
        "8",
        "2 MB",
        "simplify",
        [],
        ["x"],
        {},
        {"x": 1},
        {"shape": [1]},
    ]
)


def paths(value, path=()):
    yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in items:
        yield from paths(item, (*path, key))


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
@pytest.mark.parametrize("name", ["model", "target"])
def test_the_quick_answer_is_that_of_jsonschema(published, texts, name, data):
    value = plain(texts[name])
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([p for p in paths(value) if p]))
        holder = value
        for part in path[:-1]:
            holder = holder[part]
        action = data.draw(st.sampled_from(["put", "drop", "add"]))
        if action == "drop" and isinstance(holder, dict):
            del holder[path[-1]]
        elif action == "add" and isinstance(holder[path[-1]], dict):
            name_ = data.draw(st.sampled_from(["x", "A b", "", "onnx", "min", "backends", "kind"]))
            holder[path[-1]][name_] = copy.deepcopy(data.draw(JUNK))
        else:
            holder[path[-1]] = copy.deepcopy(data.draw(JUNK))
    reference = {"$ref": f"#/$defs/{name}"}
    quick = compiled(reference, published)(value)
    slow = validator_class()({**reference, "$defs": published["$defs"]}).is_valid(value)
    assert quick == slow


def test_references_are_never_fetched(published):
    document, _ = parse(b"a: 1\n", "m.yaml")
    with pytest.raises(Exception, match=r"Unresolvable|PointerToNowhere|NoSuchResource"):
        explain(document, {"$ref": "http://127.0.0.1:9/schema.json"}, published["$defs"])


def test_a_keyword_without_a_check_is_a_fault():
    with pytest.raises(AssertionError, match="keywords without a check"):
        compiled({"multipleOf": 2}, {})
