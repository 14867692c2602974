"""Devices that are attached are found, and each time one is attached is told from every other."""

import pytest

from edgebuild.engine.abilities import abilities, circumstances


@pytest.fixture
def usb(tmp_path):
    folder = tmp_path / "usb"
    (folder / "1-0:1.0").mkdir(parents=True)  # an interface: no vendor
    attach(folder, "1-1", 2, vendor="1d6b")
    return folder


def attach(folder, port, number, vendor="03e7"):
    (folder / port).mkdir(exist_ok=True)
    (folder / port / "idVendor").write_text(f"{vendor}\n")
    (folder / port / "devnum").write_text(f"{number}\n")


def test_a_myriad_x_is_told_by_its_vendor(usb, tmp_path):
    assert abilities({}, str(usb)) == abilities({}, str(tmp_path / "none")) == frozenset()
    attach(usb, "1-2", 7)
    assert abilities({}, str(usb)) == {"myriad-device"}


def test_a_token_is_where_it_is_said_to_be(usb, tmp_path):
    (tmp_path / ".qai_hub").mkdir()
    (tmp_path / ".qai_hub/client.ini").write_text("")
    assert abilities({"HOME": str(tmp_path)}, str(usb)) == {"qai-hub"}
    elsewhere = {"HOME": str(tmp_path), "QAIHUB_CLIENT_INI": str(tmp_path / "none")}
    assert abilities(elsewhere, str(usb)) == frozenset()


def test_another_device_at_the_same_port_is_another_circumstance(usb):
    attach(usb, "1-2", 7)
    before = circumstances({}, str(usb))
    assert circumstances({}, str(usb)) == before
    attach(usb, "1-2", 8)  # the kernel counts
    swapped = circumstances({}, str(usb))
    assert swapped != before
    attach(usb, "1-4", 9)
    assert circumstances({}, str(usb)) not in (before, swapped)


def test_other_machines_and_other_places_for_kinds_are_too(usb, monkeypatch):
    from edgebuild.engine import machine

    before = circumstances({}, str(usb))
    assert circumstances({"PYTHONPATH": "/kinds"}, str(usb)) != before
    facts = machine.facts()
    for name in ("isa", "cpu"):
        monkeypatch.setattr(machine, "facts", lambda name=name: {**facts, name: "another"})
        assert circumstances({}, str(usb)) != before
