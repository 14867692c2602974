"""Errors of Qualcomm AI Hub and its client, in words that hold no token and say what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from edgebuild.cloud import CloudError
from edgebuild.cloud.redaction import shown
from edgebuild.errors import EdgebuildError

SERVICE = "Qualcomm AI Hub"
OFFLINE = "the backend `qnn_dlc` compiles with no network"


@contextlib.contextmanager
def translated(where: Mapping[str, str], token: str, tools: Path, otherwise: str) -> Iterator[None]:
    """Whatever the client raises comes out as CloudError, and without its cause.

    A cause would be printed into the step's log, with addresses that carry their permission.
    """
    try:
        yield
    except EdgebuildError:
        raise
    except Exception as error:
        raise _translated(error, where, token, tools, otherwise) from None


def unconfigured(path: Path, tools: Path) -> CloudError:
    """There is no token to be had from `path`."""
    absent = not path.is_file()
    return CloudError(
        f"there is no token for {SERVICE}",
        fields={
            "file": str(path),
            "reason": "there is no such file"
            if absent
            else "it does not give api_url, web_url and api_token in a section [api]",
        },
        hint=_configure(tools) + ", or set QAIHUB_CLIENT_INI to the file that has it",
    )


def refused(where: Mapping[str, str], message: str) -> CloudError:
    """A compile job that failed, for AI Hub's reason."""
    return CloudError(f"{SERVICE} refused the model", fields={**where, "it says": shown(message)})


def failed(where: Mapping[str, str], message: str) -> CloudError:
    """A job on a device that failed, for AI Hub's reason."""
    return CloudError(
        f"{SERVICE} could not run the DLC on its device",
        fields={**where, "it says": shown(message)},
    )


def unfit(
    where: Mapping[str, str],
    what: str,
    *,
    wanted: str = "the DLC it was asked for",
    otherwise: str = OFFLINE,
) -> CloudError:
    """An answer that is not what was asked for."""
    return CloudError(
        f"{SERVICE} answered something that is not {wanted}",
        fields={**where, "answer": what},
        hint=f"try again later; {otherwise}",
    )


def _translated(
    error: Exception, where: Mapping[str, str], token: str, tools: Path, otherwise: str
) -> CloudError:
    import requests

    told = {**where, "it says": shown(str(error), token)}
    chain = list(_chain(error))
    status = next((s for e in chain if (s := getattr(e, "status_code", None))), None)
    if status == 401:
        return CloudError(
            f"{SERVICE} refused the token",
            fields=dict(where),
            hint=_configure(tools) + " with a token that is valid",
        )
    if isinstance(status, int) and 400 <= status < 500:
        return CloudError(f"{SERVICE} refused the request", fields={**told, "status": str(status)})
    if any(isinstance(e, requests.RequestException) for e in chain):
        return CloudError(
            f"{SERVICE} cannot be reached, or breaks off its answer",
            fields=told,
            hint=f"see whether the network and HTTPS_PROXY are right; {otherwise}",
        )
    return CloudError(f"{SERVICE} or its client failed: {type(error).__name__}", fields=told)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _configure(tools: Path) -> str:
    return f"run `{tools / 'bin' / 'qai-hub'} configure --api_token TOKEN`"
