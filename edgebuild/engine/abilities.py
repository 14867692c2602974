"""What this machine could measure on: devices that are attached, services that the user has a token for."""

from __future__ import annotations

import os
from collections.abc import Mapping

_USB = "/sys/bus/usb/devices"
_MOVIDIUS = "03e7"  # USB vendor of every Myriad X, booted or not


def abilities(variables: Mapping[str, str], usb: str = _USB) -> frozenset[str]:
    """For `StepKind.needs`: `myriad-device` and `qai-hub`. `variables` is the environment."""
    found = set()
    if _MOVIDIUS in _vendors(usb):
        found.add("myriad-device")
    token = variables.get("QAIHUB_CLIENT_INI") or os.path.join(  # noqa: PTH118 - start-up
        variables.get("HOME", ""), ".qai_hub/client.ini"
    )
    if os.path.isfile(token):  # noqa: PTH113
        found.add("qai-hub")
    return frozenset(found)


def _vendors(usb: str) -> set[str]:
    vendors = set()
    try:
        names = os.listdir(usb)  # noqa: PTH208
    except OSError:
        return set()
    for name in names:
        try:
            with open(f"{usb}/{name}/idVendor") as file:
                vendors.add(file.read().strip())
        except OSError:  # an interface or a root hub has none
            continue
    return vendors
