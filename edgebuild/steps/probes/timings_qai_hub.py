"""How long a frame takes on a device of Qualcomm AI Hub's that has the target's chip.

Wants two things: a target whose `device:` names one of AI Hub's devices as `hub_device` (`qai-hub list-devices`
shows them), and a token, in `~/.qai_hub/client.ini`, which `qai-hub configure` writes, or the file that
QAIHUB_CLIENT_INI names. Without them the latency is estimated. The token is in no key, log, artifact or
report.

AI Hub gets the DLC, and no data: it runs it on random inputs on the NPU, a hundred times as a rule, and
tells how long each inference took; the way of the data to the device is not part of that. Which of the
frames was the first it does not say, so there is no warm-up time. The result stays in the store, and is
found again for the same DLC and the same name of a device: it is of the device and the system that the report
names, though AI Hub may have put another there since. The log holds the service's address and the job.
"""

from __future__ import annotations

from pathlib import Path

from edgebuild import cloud
from edgebuild.cloud import aihub_profile, aihub_session
from edgebuild.cloud.aihub_profile import Profile
from edgebuild.formats import timings
from edgebuild.step import Call, StepKind
from edgebuild.steps import examples


def run(call: Call) -> None:
    """Ask, wait, write down."""
    found = aihub_profile.profile(
        call.inputs["dlc"],
        device=call.facts["device"]["hub_device"],
        tools=call.tools,
        limit_s=KIND.time_limit_s - 60,
    )
    cloud.log(found.told)
    measured = timings.measured(
        "qai_hub",
        "device",
        [us / 1000 for us in found.times_us],
        warmup_ms=None,
        note=_note(found),
    )
    timings.save(call.outputs["timings"], measured)


def _note(found: Profile) -> str:
    """Which device it was, what ran where, and how much memory it took at most."""
    parts = [f"{found.told['device']} of AI Hub's, random inputs"]
    if found.units:
        parts.append(", ".join(f"{n} ops on {unit}" for unit, n in sorted(found.units.items())))
    if found.peak_memory_bytes:
        parts.append(f"{found.peak_memory_bytes / 1e6:.1f} MB at most")
    return "; ".join(parts)


def example(folder: Path) -> Call:
    """Something that the service is to take for a DLC. It needs AI Hub and a token."""
    (folder / "model.dlc").write_bytes(b"a DLC")
    device = {"vendor": "Qualcomm", "soc": "SM8550", "hub_device": "Samsung Galaxy S23 (Family)"}
    return examples.call(
        folder, KIND, facts={"device": device}, inputs={"dlc": folder / "model.dlc"}
    )


KIND = StepKind(
    role="probe",
    run=run,
    tools="hub",
    consumes=("dlc",),
    produces={"timings": "timings.json"},
    facts=("device",),
    needs=("qai-hub", "device.hub_device"),
    secrets={**aihub_session.SECRETS, **cloud.CONNECTION},
    time_limit_s=3600,
)
