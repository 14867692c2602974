"""`doit tools` never leaves out what it was asked for without a word."""

import io

import pytest

from edgebuild.errors import EdgebuildError
from edgebuild.settings import Settings
from edgebuild.verbs import Context, tools


def test_filling_without_a_name_is_an_error_and_no_list(tmp_path):
    settings = Settings(home=tmp_path, wheels=tmp_path / "wheels")
    context = Context(root=tmp_path, settings=settings, out=io.StringIO())
    with pytest.raises(EdgebuildError) as error:
        tools.run(context, fill_wheels=True)
    assert str(error.value) == (
        "error: say which tools to download\nhint: doit tools --fill target=NAME, or env=NAME"
    )
    assert tools.run(context)
    assert "onnx" in context.out.getvalue()
