"""Qualcomm AI Hub's compiler: upload a model, wait for the job, download what it made."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgebuild.cloud import CloudError
from edgebuild.cloud.aihub_errors import OFFLINE, refused, unfit
from edgebuild.cloud.aihub_session import session
from edgebuild.cloud.redaction import service, shown

if TYPE_CHECKING:
    from qai_hub import Client, CompileJob


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The DLC, unread, and what AI Hub tells of the job and its versions."""

    dlc: bytes
    told: Mapping[str, str]


def compile_model(
    model: Path,
    *,
    device: str,
    qairt: str,
    quantize_io: bool,
    tools: Path,
    folder: Path,
    limit_s: float,
) -> Answer:
    """Have an ONNX file compiled for `device` by QAIRT `qairt`. `folder` takes temporary files.

    CloudError if there is no token or it is refused, if AI Hub cannot be reached, does not have
    that device or version, refuses the model, or is not done after `limit_s`.
    """
    import qai_hub

    shutil.copyfile(model, folder / _MODEL)  # the client goes by the suffix
    with session(tools, limit_s, otherwise=OFFLINE) as talk:
        client, where = talk.client, talk.where
        told = {"client": f"qai_hub {qai_hub.__version__}", "QAIRT": _offered(client, qairt)}
        options = f"--target_runtime qnn_dlc --qairt_version {qairt}"
        job = client.submit_compile_job(
            model=str(folder / _MODEL),
            device=qai_hub.Device(device),
            name="edgebuild",
            options=options + (" --quantize_io" if quantize_io else ""),
        )
        assert isinstance(job, qai_hub.CompileJob)
        where["job"] = service(job.url)
        dlc = _result(job, where, folder)
        told |= _metadata(job, qairt)
    assert talk.token.encode() not in dlc
    told |= {"AI Hub": job.hub_version, "device": f"{job.device.name}, OS {job.device.os}"}
    return Answer(dlc=dlc, told=where | {name: shown(text) for name, text in told.items()})


_MODEL = "model.onnx"


def _offered(client: Client, qairt: str) -> str:
    """The full name of a version of QAIRT; CloudError if AI Hub does not have it (any more)."""
    offered = {f.api_version: f.full_version for f in client.get_frameworks() if f.name == "QAIRT"}
    if qairt not in offered:
        raise CloudError(
            f"Qualcomm AI Hub does not have QAIRT {qairt}",
            fields={"it has": ", ".join(sorted(offered)) or "none"},
            hint="give one of these as `qairt`",
        )
    return str(offered[qairt])


def _result(job: CompileJob, where: Mapping[str, str], folder: Path) -> bytes:
    status = job.wait()
    if not status.success:
        raise refused(where, status.message or status.code)
    model = job.get_target_model()
    if model is None:
        raise unfit(where, "a job that succeeded without a model")
    return Path(model.download(str(folder / "answer.dlc"))).read_bytes()


def _metadata(job: CompileJob, qairt: str) -> dict[str, str]:
    """What AI Hub says that the model was made with; CloudError if it was something else."""
    model = job.get_target_model()
    assert model is not None
    told = {key.name: value for key, value in model.metadata.items()}
    for name in ("QAIRT_SDK_VERSION", "QNN_SDK_VERSION"):
        found = told.get(name, "").removeprefix("v")
        if found and not f"{found}.".startswith(f"{qairt}."):
            raise CloudError(
                f"Qualcomm AI Hub compiled with QAIRT {found}, not {qairt} as it was asked to",
                fields={"job": service(job.url)},
            )
    return told
