"""How long a DLC takes on one of Qualcomm AI Hub's devices: upload it, wait for the job, read the profile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgebuild.cloud.aihub_errors import failed, unfit
from edgebuild.cloud.aihub_session import Session, session
from edgebuild.cloud.redaction import service, shown

if TYPE_CHECKING:
    from qai_hub import InferenceJob

_OTHERWISE = "without the file that has the token the latency is estimated"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Times of all inferences in microseconds; ops by the unit that ran them (NPU, GPU, CPU); what AI Hub
    tells of the job, the device and its versions."""

    times_us: Sequence[int]
    peak_memory_bytes: int | None
    units: Mapping[str, int]
    told: Mapping[str, str]


def profile(dlc: Path, *, device: str, tools: Path, limit_s: float) -> Profile:
    """Have a DLC run on `device`'s NPU, again and again, on random inputs.

    CloudError if there is no token or it is refused, if AI Hub cannot be reached, does not have
    that device, cannot run the DLC there, or is not done after `limit_s`.
    """
    import qai_hub

    with session(tools, limit_s, otherwise=_OTHERWISE) as talk:
        job = talk.client.submit_inference_job(
            model=str(dlc),
            device=qai_hub.Device(device),
            name="edgebuild",
            options="--compute_unit npu",
            profile=True,
        )
        assert isinstance(job, qai_hub.InferenceJob)
        talk.where["job"] = service(job.url)
        found = _result(job, talk)
        job = talk.client.get_job(job.job_id)  # only now it says which release of AI Hub's ran it
        told = {
            "client": f"qai_hub {qai_hub.__version__}",
            "AI Hub": job.hub_version,
            "device": f"{job.device.name}, OS {job.device.os}",
        }
    return Profile(
        times_us=found["execution_summary"]["all_inference_times"],
        peak_memory_bytes=found["execution_summary"].get("estimated_inference_peak_memory"),
        units=Counter(layer["compute_unit"] for layer in found["execution_detail"]),
        told=talk.where | {name: shown(text, talk.token) for name, text in told.items()},
    )


def _result(job: InferenceJob, talk: Session) -> dict[str, Any]:
    """The profile as the client gives it. `estimated_inference_time`, which everybody quotes, is the
    shortest of all: what is wanted here are the times themselves."""
    status = job.wait()
    if not status.success:
        raise failed(talk.where, status.message or status.code)
    found = job.download_profile()
    times = found.get("execution_summary", {}).get("all_inference_times")
    if not times or min(times) <= 0:
        what = "a profile without the time of each inference" if found else "no profile"
        raise unfit(talk.where, what, wanted="a profile of the DLC", otherwise=_OTHERWISE)
    return dict(found)
