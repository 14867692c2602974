"""`doit schema` prints schemas that are such."""

import io
import json

import jsonschema
import pytest

from edgebuild.errors import EdgebuildError
from edgebuild.settings import Settings
from edgebuild.verbs import Context, schema


@pytest.fixture
def context(tmp_path):
    return Context(root=tmp_path, settings=Settings(home=tmp_path), out=io.StringIO())


@pytest.mark.parametrize(
    ("of", "title"),
    [
        ("report", "What a build of edgebuild found of one variant"),
        ("manifest", None),
        (None, None),
    ],
)
def test_a_schema_is_printed(context, of, title):
    assert schema.run(context, of)
    printed = json.loads(context.out.getvalue())
    jsonschema.Draft202012Validator.check_schema(printed)
    if title:
        assert printed["title"] == title


def test_what_has_no_schema_is_an_error(context):
    with pytest.raises(EdgebuildError) as caught:
        schema.run(context, "raport")
    assert str(caught.value) == (
        "error: there is no schema of `raport`\nhint: did you mean `of=report`?"
    )
