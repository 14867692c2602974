"""No library is called but those the driver was written for."""

import hashlib

import pytest

from edgebuild.myriad import libraries
from edgebuild.myriad.libraries import MyriadToolsError


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """An environment's folder with two files that are as pinned, on a machine that will do."""
    pinned = {}
    for name in ("openvino/libs/libmyriadPlugin.so", "libusb_package/libusb-1.0.so"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_bytes(name.encode())
        pinned[name] = hashlib.sha256(name.encode()).hexdigest()
    monkeypatch.setattr(libraries, "PINNED", pinned)
    monkeypatch.setattr(libraries.platform, "system", lambda: "Linux")
    monkeypatch.setattr(libraries.platform, "machine", lambda: "x86_64")
    return tmp_path


def test_finds_what_is_as_pinned(tools):
    found = libraries.locate(tools)
    assert found.folder == tools / "openvino/libs"
    assert found.libusb == tools / "libusb_package/libusb-1.0.so"


def test_another_file_is_refused(tools):
    name = "openvino/libs/libmyriadPlugin.so"
    (tools / name).write_bytes(b"another")
    with pytest.raises(MyriadToolsError) as caught:
        libraries.locate(tools)
    assert str(caught.value) == (
        f"error: `{name}` is not the file of OpenVINO 2021.4.2 this driver was written for\n"
        f"  expected  {libraries.PINNED[name]}\n"
        f"  found     {hashlib.sha256(b'another').hexdigest()}\n"
        f"  folder    {tools}\n"
        "hint: remove the tool environment `myriad` and have it installed again"
    )


def test_a_missing_file_is_told(tools):
    (tools / "libusb_package/libusb-1.0.so").unlink()
    with pytest.raises(MyriadToolsError) as caught:
        libraries.locate(tools)
    assert str(caught.value) == (
        "error: the Myriad X compiler is not complete: No such file or directory\n"
        "  file    libusb_package/libusb-1.0.so\n"
        f"  folder  {tools}\n"
        "hint: remove the tool environment `myriad` and have it installed again"
    )


@pytest.mark.parametrize(("system", "machine"), [("Linux", "aarch64"), ("Darwin", "x86_64")])
def test_another_machine_is_told(tools, monkeypatch, system, machine):
    monkeypatch.setattr(libraries.platform, "system", lambda: system)
    monkeypatch.setattr(libraries.platform, "machine", lambda: machine)
    with pytest.raises(MyriadToolsError) as caught:
        libraries.locate(tools)
    assert caught.value.message == (
        f"the Myriad X compiler runs on Linux x86_64, this is {system} {machine}"
    )
