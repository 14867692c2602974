"""Whatever is done to a manifest, loading gives a project or errors a person can read."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgebuild.errors import ManyErrors

PIECES = [
    *"{}[]:,-?&*!|>'\"%@`#~\\ \n\t\0",
    *("\n  ", "\n- ", ": ", "{}", "[]", "null", "true", "1", "-1", "1e9", ".inf", "0777", "<<: "),
    *("&a ", "*a", "!!x ", "---\n", "'", "../", "/", "é", "\u2028", "x" * 70, "{a: [", "targets:"),
    *("unknown: 1\n", "  oak:\n", "onnx: {}", "matrix: {shaves: [1]}", "refused: x", "\ud7ff"),
]


@st.composite
def edits(draw):
    """Places (0..1) in a text, what is cut out there and what is put in."""
    one = st.tuples(st.floats(0, 1), st.integers(0, 20), st.sampled_from(["", *PIECES]))
    return draw(st.lists(one, min_size=1, max_size=4))


def edited(text, changes):
    for where, cut, put in changes:
        at = int(where * len(text))
        text = text[:at] + put + text[at + cut :]
    return text


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(model=edits(), target=st.one_of(st.just([]), edits()))
def test_mutated_manifests_load_or_are_refused(project, model, target):
    project.write("manifests/models/gaze/manifest.yaml", edited(project.model, model))
    project.write("manifests/targets/oak.yaml", edited(project.target, target))
    try:
        project.load()
    except ManyErrors as many:
        for error in many.errors:
            text = str(error)
            assert error.position is not None and text.startswith("error: ")
            assert all(line.isprintable() for line in text.split("\n"))
