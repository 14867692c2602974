"""What this machine could measure on: devices that are attached, services that the user has a token for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from edgebuild.engine import machine

_USB = "/sys/bus/usb/devices"
_MOVIDIUS = "03e7"  # USB vendor of every Myriad X, booted or not
_BOOT = "/proc/sys/kernel/random/boot_id"


def abilities(variables: Mapping[str, str], usb: str = _USB) -> frozenset[str]:
    """For `StepKind.needs`: `myriad-device` and `qai-hub`. `variables` is the environment."""
    found = set()
    if any(_myriads(usb)):
        found.add("myriad-device")
    token = variables.get("QAIHUB_CLIENT_INI") or os.path.join(  # noqa: PTH118 - start-up
        variables.get("HOME", ""), ".qai_hub/client.ini"
    )
    if os.path.isfile(token):  # noqa: PTH113
        found.add("qai-hub")
    return frozenset(found)


# Abilities whose `circumstances` change whenever what is there is taken away or replaced.
WATCHED = frozenset({"myriad-device"})


def circumstances(variables: Mapping[str, str], usb: str = _USB) -> tuple[str, ...]:
    """Everything outside of files that what a build does and finds can depend on: `abilities`, how each
    device is attached, the machine's facts, where Python looks for kinds."""
    return (
        *sorted(abilities(variables, usb)),
        *_attachments(usb),
        *machine.facts().values(),
        variables.get("PYTHONPATH", ""),
    )


def _attachments(usb: str) -> list[str]:
    """A word for each Myriad X, another one whenever a device is attached, be it to the same port: the kernel
    numbers them as they come. (Which one it is, only a program that talks to it can say.)"""
    ports = sorted(_myriads(usb))
    boot = _text(_BOOT) if ports else ""
    return [f"{port} number {_text(f'{usb}/{port}/devnum')} since boot {boot}" for port in ports]


def _myriads(usb: str) -> Iterator[str]:
    """Ports with a Myriad X. An interface or a root hub has no vendor."""
    try:
        names = os.listdir(usb)  # noqa: PTH208
    except OSError:
        return
    yield from (name for name in names if _text(f"{usb}/{name}/idVendor") == _MOVIDIUS)


def _text(path: str) -> str:
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""
