"""Which Myriad X is attached by USB: the number in its chip, by Luxonis' depthai.

Every build asks, so that figures of one device are never taken for those of another: what was measured
is found again only if the same device is at the same port, and starts as it did (from what is in its flash,
or from USB). The firmware it runs comes with depthai each time, so it counts as a tool. A cable cannot
be told from another; the report says how fast the device was attached.
"""

from __future__ import annotations

import json
from pathlib import Path

from edgebuild.step import Call, StepKind
from edgebuild.steps import examples, myriad_usb
from edgebuild.steps.myriad_usb import REMEDY, MyriadDeviceError


def run(call: Call) -> None:
    """The first that is free; later steps use that one."""
    info = myriad_usb.free()[0]
    if not info.deviceId.isalnum():  # it could not be asked
        raise MyriadDeviceError(
            "the Myriad X that is attached does not say which one it is", hint=REMEDY
        )
    text = json.dumps(myriad_usb.identity(info), sort_keys=True)
    call.outputs["myriad_device"].write_text(text)


def example(folder: Path) -> Call:
    """It needs a Myriad X."""
    return examples.call(folder, KIND)


KIND = StepKind(
    role="probe",
    run=run,
    tools="depthai",
    produces={"myriad_device": "device.json"},
    needs=("myriad-device",),
    fresh=True,
    alone=True,  # looking may restart a device that another step measures
)
