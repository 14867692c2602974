"""What is for edgebuild's own checkout leaves the files of other projects alone."""

import io

import pytest

from edgebuild.errors import EdgebuildError
from edgebuild.settings import Settings
from edgebuild.verbs import Context, bench, lint, test


@pytest.mark.parametrize("verb", [bench, lint, test])
@pytest.mark.parametrize("own", [(), ("tests/tools/onnx", "tests/bench", "edgebuild")])
def test_in_another_project_it_is_an_error(tmp_path, monkeypatch, verb, own):
    for folder in own:
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("something was run"))
    context = Context(root=tmp_path, settings=Settings(home=tmp_path), out=io.StringIO())
    with pytest.raises(EdgebuildError, match="edgebuild's own checkout"):
        verb.run(context)
    assert context.out.getvalue() == ""
