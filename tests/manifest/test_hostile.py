"""Manifests that somebody made to mislead or to break: refused at a place, or read as what they say."""

import contextlib
import json
import os
import socket
import time

import pytest

PATHS = [
    ("class: Gaze, weights: weights.bin", "class: Gaze, weights: {}", "source.torch"),
    ("file: network.py", "file: {}", "source.torch"),
    ("{file: data.py, function: calibration", "{{file: {}, function: calibration", "data"),
    ("files: {faces: faces.txt}", "files: {{faces: {}}}", "data"),
    ("decode: {file: data.py", "decode: {{file: {}", "data.decode"),
    ("training: {file: train.py", "training: {{file: {}", "training"),
    ("modules: [network.py]", "modules: [{}]", "training"),
]


@pytest.mark.parametrize(
    "way", ["/etc/passwd", "../../../../etc/passwd", "a/../../../../../x", "~/.netrc"]
)
@pytest.mark.parametrize(("old", "new", "where"), PATHS)
def test_no_field_names_a_file_outside_of_the_project(project, old, new, where, way):
    project.edit((old, new.format(f'"{way}"')))
    error = project.error()
    assert error.startswith(f"error: `{way}` lies outside the project\n"), error
    assert "--> manifests/models/gaze/manifest.yaml:" in error


@pytest.mark.parametrize("how", ["windows", "mark"])
def test_line_ends_of_windows_and_a_byte_order_mark_change_nothing(project, how):
    plain = project.load().models["gaze"]
    text = project.model
    data = (
        text.replace("\n", "\r\n").encode() if how == "windows" else b"\xef\xbb\xbf" + text.encode()
    )
    (project.root / "manifests/models/gaze/manifest.yaml").write_bytes(data)
    assert project.load().models["gaze"] == plain


@pytest.mark.parametrize("code", [0, 7, 0x0D, 0x1B, 0x7F, 0x9B, 0x202E, 0x2066, 0x2069])
def test_no_text_commands_a_terminal_or_turns_a_line_around(project, code):
    """Neither as it is nor as an escape; what is shown of it does not either."""
    for text in (f'"looks\\u{code:04x} {{min: 0}}"', f"looks{chr(code)} {{min: 0}}"):
        if text[0] == '"' or code != 0x0D:  # which ends a line
            project.write(
                "manifests/models/gaze/manifest.yaml",
                project.model.replace("looks where you look", text),
            )
            error = project.error()
            assert error.startswith(
                f"error: character U+{code:04X} is not allowed\n --> manifests/models/gaze/"
            )
            assert all(line.isprintable() for line in error.split("\n"))


def test_names_of_tensors_may_be_of_any_script(project):
    project.edit(("angle:", "Δ😀:"))
    assert list(project.load().models["gaze"].contract.inputs) == ["eyes", "Δ😀"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("shape: [1, 2]", "shape: [1, 99999999999999999999]", "must be a whole number, not the text"),
        ("shape: [1, 2]", "shape: [1, 9999999999]", "must be at most 2147483647, not 9999999999"),
        ("shape: [1, 2]", "shape: [1, -2]", "must be at least 1, not -2"),
        ("shape: [1, 2]", "shape: [1, 2.0]", "must be a whole number, not 2.0"),
        ("seed: 7", "seed: -99999999999999999999", "must be a whole number, not the text"),
        ("max: 2 MB", f"max: {'9' * 400} MB", "must be a size such as 2 MB"),
        ("max: 2 MB", "max: -2 MB", "must be a size such as 2 MB"),
        ("weights: weights.bin", f"weights: {{url: 'https://x.org/w', sha256: {'a' * 64}, size_bytes: -5}}",
         "`source.torch.weights.size_bytes` must be at least 1, not -5"),
        ("weights: weights.bin", f"weights: {{url: 'https://x.org/w', sha256: {'1' * 64}, size_bytes: 1.0}}",
         "`source.torch.weights.size_bytes` must be a whole number, not 1.0"),
    ],
)  # fmt: skip
def test_numbers_out_of_all_bounds(project, old, new, message):
    project.edit((old, new))
    assert message in project.error()


def test_a_digest_of_digits_alone_stays_the_text_it_is(project):
    project.edit(
        (
            "weights: weights.bin",
            f"weights: {{url: 'https://x.org/w', sha256: {'1' * 64}, size_bytes: 1}}",
        )
    )
    assert project.load().models["gaze"].source.params["weights"].sha256 == "1" * 64


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_only_regular_files_are_files(project, kind):
    """None of them is opened: that of a pipe would wait for ever."""
    path = project.root / "manifests/models/gaze/odd"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made, contextlib.chdir(path.parent):
            made.bind(path.name)
    else:
        path.symlink_to("/dev/zero")
    project.edit(("file: network.py", "file: odd"))
    outside = "`odd` lies outside the project"
    odd = "`manifests/models/gaze/odd` is no regular file"
    assert project.error().startswith(f"error: {outside if kind == 'device' else odd}\n")


def test_a_variant_needs_a_name_that_a_folder_can_have(project, expect):
    axis = "a" * 64
    project.edit(
        (
            "      shaves: [1, 2]\n",
            f"      {axis}: {{{'b' * 64}: {{}}, c: {{}}}}\n      shaves: [1, 2]\n",
        )
    )
    error = project.error()
    assert error.startswith(
        "error: a variant would be called by 153 characters, more than 150\n"
        "  --> manifests/models/gaze/manifest.yaml:32:5\n"
    )
    assert error.endswith("hint: give the axes or their values shorter names\n")


def test_names_of_pages_are_taken(project):
    project.write(
        "manifests/targets/index.html.yaml", project.target.replace("name: oak", "name: index.html")
    )
    assert project.error().startswith(
        "error: `index.html` cannot be a name: pages are called so among the artifacts\n"
        " --> manifests/targets/index.html.yaml:2:7\n"
    )


@pytest.mark.parametrize(
    "name", ["Gaze", "CON", "gaze.", "-gaze", "ga ze", "gäze", "x" * 65, "ga\nze"]
)
def test_folders_whose_names_are_no_names(project, name):
    """Among them all that differ from another name by case alone."""
    folder = project.root / "manifests/models/gaze"
    folder.rename(folder.with_name(name))
    project.model = project.model.replace("name: gaze", f"name: {json.dumps(name)}")
    (folder.with_name(name) / "manifest.yaml").write_text(project.model)
    error = project.error()
    assert "`name` must be a name of lower-case letters, digits, `-`, `_` and `.`, not `" in error
    assert all(line.isprintable() for line in error.split("\n"))


def test_deep_anchors_are_counted_not_followed(project):
    nested = "".join(
        f"x{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 2 if i else ['1'])}]\n" for i in range(60)
    )
    project.write("manifests/models/gaze/manifest.yaml", nested)
    assert "error: aliases repeat more than 1,000 values\n" in project.errors()


def test_a_target_of_a_thousand_variants_and_no_more(project):
    started = time.perf_counter()
    labels = ", ".join(f"v{i}: {{}}" for i in range(500))
    project.edit(("      shaves: [1, 2]\n", "      shaves: [1, 2]\n      more: {" + labels + "}\n"))
    assert "error: the matrix has 2,000 variants, more than 1,000\n" in project.error()
    assert time.perf_counter() - started < 10
