"""Myriad X devices on USB, by depthai: which ones nobody uses, and how each is called."""

from __future__ import annotations

from typing import Any

from edgebuild.errors import EdgebuildError

REMEDY = (
    "attach one by USB, end other programs that use it, and let users open it: a udev rule "
    'SUBSYSTEM=="usb", ATTRS{idVendor}=="03e7", MODE="0666"'
)


class MyriadDeviceError(EdgebuildError):
    """A Myriad X that is not there, cannot be used or does not answer."""


def free() -> list[Any]:
    """depthai's `DeviceInfo` of each that is free, in an order of their own. MyriadDeviceError if there is
    none."""
    import depthai as dai

    usb = (dai.XLinkProtocol.X_LINK_USB_VSC, dai.XLinkProtocol.X_LINK_USB_CDC)
    found = [
        info
        for info in dai.Device.getAllAvailableDevices()
        if info.platform == dai.XLinkPlatform.X_LINK_MYRIAD_X and info.protocol in usb
    ]
    if not found:
        raise MyriadDeviceError(
            "no Myriad X is attached, or another program uses it, or it may not be opened",
            hint=REMEDY,
        )
    return sorted(found, key=lambda info: (info.deviceId, info.name))


def identity(info: Any) -> dict[str, str]:
    """What tells one from another: the number in its chip, the port it is at, and whether it starts from what
    is in its flash."""
    return {"id": info.deviceId, "port": info.name, "state": info.state.name}
