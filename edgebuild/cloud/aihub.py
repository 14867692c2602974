"""Qualcomm AI Hub's compiler, through its client `qai_hub`: upload, wait for the job, download.

The client reads a token and addresses from the file that QAIHUB_CLIENT_INI names. The token is
sent to that address and nowhere else: nothing that the client says goes out unfiltered.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from edgebuild.cloud import CloudError
from edgebuild.cloud.aihub_errors import SERVICE, refused, translated, unconfigured, unfit
from edgebuild.cloud.redaction import service, shown
from edgebuild.cloud.time_limit import time_limit

if TYPE_CHECKING:
    from qai_hub import Client, ClientConfig, CompileJob

# The user's variable that a step needs, and the file it means where it is not set.
SECRETS: Mapping[str, str] = {"QAIHUB_CLIENT_INI": "~/.qai_hub/client.ini"}


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
    client = qai_hub.Client()
    config = _config(client, tools)
    client.set_verbose(False)
    where = {"service": service(config.api_url)}
    with (
        time_limit(limit_s, lambda: _late(limit_s, where)),
        translated(where, config.api_token, tools),
    ):
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
    assert config.api_token.encode() not in dlc
    told |= {"AI Hub": job.hub_version, "device": f"{job.device.name}, OS {job.device.os}"}
    return Answer(dlc=dlc, told=where | {name: shown(text) for name, text in told.items()})


_MODEL = "model.onnx"


def _config(client: Client, tools: Path) -> ClientConfig:
    """Address and token. The client's own complaints are not passed on: they may quote the file."""
    from qai_hub import api_utils

    path = Path(api_utils.get_config_path())
    try:
        config = client.config
    except Exception:
        raise unconfigured(path, tools) from None
    if not config.api_token.strip():
        raise unconfigured(path, tools)
    parts = urlsplit(config.api_url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise CloudError(
            "a token for Qualcomm AI Hub would go through the network unencrypted",
            fields={"service": service(config.api_url), "file": str(path)},
            hint="`api_url` in that file has to begin with https://",
        )
    return config


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


def _late(limit_s: float, where: Mapping[str, str]) -> CloudError:
    return CloudError(
        f"{SERVICE} is not done within {limit_s:g} s",
        fields=dict(where),
        hint="see there how the job goes" if "job" in where else "it was still being asked",
    )
