"""Files that manifests name: what is inside the project, and what can be fetched."""

import os

import pytest

from edgebuild.manifest.files import Files

DIGEST = "a" * 64


def test_a_file_of_a_neighbour_is_within_the_project(project):
    project.write("manifests/models/_shared/net.py", "x")
    project.edit(("file: network.py", "file: ../_shared/net.py"))
    file = project.load().models["gaze"].source.params["file"]
    assert file.path == "manifests/models/_shared/net.py"


def test_a_link_within_the_project_is_followed(project):
    link = project.root / "manifests/models/gaze/link.py"
    link.symlink_to("network.py")
    project.edit(("file: network.py", "file: link.py"))
    project.load()


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../../../../etc/passwd", "../../../..", "~/x", "C:/x", "a/../../../../../x"],
)
def test_paths_that_lead_out_are_refused(project, path):
    project.edit(("file: network.py", f'file: "{path}"'))
    assert f"error: `{path}` lies outside the project\n" in project.error()


def test_folders_nested_as_deep_as_the_system_allows(tmp_path, monkeypatch):
    plain = os.lstat(tmp_path)
    monkeypatch.setattr(os, "lstat", lambda path: plain)
    assert Files(root=str(tmp_path)).status("d/" * 2000 + "net.py") is plain


def test_links_that_lead_out_are_refused(project, tmp_path_factory, expect):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.py").write_text("x")
    (project.root / "manifests/models/gaze/out.py").symlink_to(outside / "secret.py")
    (project.root / "manifests/models/gaze/far").symlink_to(outside)
    project.edit(("file: network.py", "file: out.py"), ("file: train.py", "file: far/secret.py"))
    errors = project.errors()
    assert "error: `out.py` lies outside the project" in errors
    assert "error: `far/secret.py` lies outside the project" in errors


def test_a_file_that_does_not_exist(project, expect):
    project.edit(("file: network.py", "file: netwrk.py"))
    assert project.error() == expect("""
        error: there is no file `manifests/models/gaze/netwrk.py`
         --> manifests/models/gaze/manifest.yaml:7:17
          |
        7 |   torch: {file: netwrk.py, class: Gaze, weights: weights.bin, exporter: dynamo, opset: 17}
          |                 ^^^^^^^^^
        hint: did you mean `network.py`?
        """)


def test_what_is_no_file(project):
    (project.root / "manifests/models/gaze/sub").mkdir()
    project.edit(("file: network.py", "file: sub"), ("file: train.py", "file: network.py/x"))
    errors = project.errors()
    assert "`manifests/models/gaze/sub` is a folder" in errors
    assert "there is no file `manifests/models/gaze/network.py/x`" in errors


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a\\b", "a backslash in path `a\\b`"),
        ("https://x.org/w", "a URL alone does not say which content is meant"),
        ("file:///etc/passwd", "a URL alone does not say which content is meant"),
        ("x" * 300, "cannot read `manifests/models/gaze/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...`"),
    ],
)
def test_texts_that_are_no_paths(project, path, message):
    project.edit(("file: network.py", f"file: '{path}'"))
    assert project.error().startswith(f"error: {message}")


def fetched(url="https://x.org/w", rest=f", sha256: {DIGEST}, size_bytes: 5"):
    return ("weights: weights.bin", f"weights: {{url: '{url}'{rest}}}")


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        (f", sha256: {DIGEST}", "missing field `size_bytes` in `source.torch.weights`"),
        (", size_bytes: 5", "missing field `sha256` in `source.torch.weights`"),
        (f", sha256: {DIGEST[1:]}, size_bytes: 5", "must be 64 lower-case hex digits, not"),
        (f", sha256: {DIGEST.upper()}, size_bytes: 5", "must be 64 lower-case hex digits, not"),
        (
            f", sha256: {DIGEST}, size_bytes: 0",
            "`source.torch.weights.size_bytes` must be at least 1",
        ),
        (f", sha256: {DIGEST}, size_bytes: 5, md5: 1", "unknown field `md5` in"),
    ],
)
def test_a_file_from_the_net_is_pinned(project, rest, message):
    project.edit(fetched(rest=rest))
    assert message in project.error()


@pytest.mark.parametrize("url", ["ftp://x.org/w", "file:///etc/passwd", "x.org/w", "http:///w", ""])
def test_only_http_and_https_are_fetched(project, url):
    project.edit(fetched(url))
    message = f"`source.torch.weights.url` must be an http or https URL, not `{url}`"
    assert message in project.error()


@pytest.mark.parametrize("url", ["https://[::1/w", "https://x.org:99999/w", "https://x.org/a b"])
def test_what_only_looks_like_a_url(project, url):
    project.edit(fetched(url))
    assert "this is no URL a file can be fetched from" in project.error()


@pytest.mark.parametrize(
    "url",
    [
        "https://me:hunter2@x.org/w",
        "https://hunter2@x.org/w",
        "https://x.org/w?token=hunter2",
        "https://x.org/w?X-Amz-Signature=hunter2",
    ],
)
def test_credentials_in_a_url_are_refused_and_not_shown(project, url):
    project.edit(fetched(url))
    error = project.error()
    assert error.startswith("error: credentials in a URL\n")
    assert "hunter2" not in error


def test_credentials_are_not_shown_by_other_problems(project):
    project.edit(fetched("https://me:hunter2@x.org/w", f", sha256: {DIGEST}, size_bytes: x"))
    assert "hunter2" not in project.errors()
    project.edit(("https://me", "ftp://me"))
    assert "hunter2" not in project.errors()
