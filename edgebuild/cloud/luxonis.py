"""Luxonis' online MyriadX compiler, asked through its client `blobconverter`.

The client is asked for the network's IR besides the blob. That is the one documented way in which
it does not first look for a blob that someone was given earlier, in a storage of Luxonis' that it
asks whatever `url` says; and the IR names the Model Optimizer that was at work.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from edgebuild.cloud import CloudError
from edgebuild.cloud.luxonis_answer import OFFLINE, Answer, refusal, unpacked
from edgebuild.cloud.redaction import service, shown
from edgebuild.cloud.time_limit import time_limit

Precision = Literal["U8", "FP16"]

URL = "https://blobconverter.luxonis.com"
MOST_SHAVES = 8  # asked for more, the service halves the number and compiles for two streams


def compile_model(
    model: Path,
    *,
    url: str,
    version: str,
    shaves: int,
    inputs: Mapping[str, Precision],
    folder: Path,
    limit_s: float,
) -> Answer:
    """Have an ONNX file compiled by OpenVINO `version`, with nothing done to its inputs' values.

    `inputs` gives each input's precision; `folder` takes temporary files. CloudError if the
    service cannot be reached in three attempts, refuses the model or answers something else.
    """
    work = folder / "luxonis"
    work.mkdir()
    shutil.copyfile(model, work / _MODEL)
    late = CloudError(
        f"Luxonis' compiler has not answered within {limit_s:g} s",
        fields={"service": service(url)},
        hint=OFFLINE,
    )
    # The client takes a path apart as if it were an address, so it gets the bare name.
    with contextlib.chdir(work), time_limit(limit_s, lambda: late):
        data = _patiently(url, version, shaves, _options(inputs))
    return unpacked(data, url, version)


def check_url(url: str) -> None:
    """CloudError unless `url` may stand in a manifest and a key: an address and no more."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or url != service(url):
        raise CloudError(
            "`url` is not the plain address of a service",
            fields={"url": service(url)},
            hint="give scheme, host and port, without user, query or `/` at the end",
        )


_MODEL = "model.onnx"
_ATTEMPTS, _WAIT_S = 3, 2.0
_MOMENTARY = (429, 500, 502, 503, 504)


def _options(inputs: Mapping[str, Precision]) -> list[str]:
    """Arguments of Intel's compiler. The service parts them at spaces, it parts -iop at , and :"""
    if len(set(inputs.values())) == 1:
        return [f"-ip {next(iter(inputs.values()))}"]
    for name in inputs:
        if set(name) & set(" ,:[]"):
            raise CloudError(
                f"input `{name}` cannot be told apart from others in a request to this service",
                hint="rename it without spaces, brackets, `,` and `:`",
            )
    return ["-iop " + ",".join(f"{name}:{wanted}" for name, wanted in inputs.items())]


def _patiently(url: str, version: str, shaves: int, options: list[str]) -> bytes:
    """The answer, after as many attempts as are worth while."""
    import requests

    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _ask(url, version, shaves, options)
        except requests.HTTPError as error:
            status, text = error.response.status_code, error.response.text
            failure = refusal(status, text, url)
            if status not in _MOMENTARY:
                raise failure from None
        except requests.RequestException as error:
            failure = CloudError(
                "Luxonis' compiler cannot be reached, or breaks off its answer",
                fields={
                    "service": service(url),
                    "attempts": str(attempt),
                    "reason": shown(str(error)),
                },
                hint=f"see whether the network and HTTPS_PROXY are right; {OFFLINE}",
            )
        if attempt < _ATTEMPTS:
            time.sleep(_WAIT_S**attempt)
    raise failure


def _ask(url: str, version: str, shaves: int, options: list[str]) -> bytes:
    import blobconverter

    here = Path.cwd()
    blobconverter.set_defaults(silent=True, output_dir=here)
    answer = blobconverter.from_onnx(
        _MODEL,
        data_type="FP16",
        optimizer_params=[],  # else it scales and shifts the values of all inputs
        compile_params=options,
        version=version,
        shaves=shaves,
        url=url,
        output_dir=here,
        use_cache=False,
        download_ir=True,
    )
    return Path(answer).read_bytes()
