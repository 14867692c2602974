"""Vendor licences that a person must accept once before their tools are downloaded."""

from __future__ import annotations

from dataclasses import dataclass

from edgebuild.errors import EdgebuildError


@dataclass(frozen=True, kw_only=True)
class License:
    """`id` is what a person writes to accept it; `text` says where it can be read."""

    id: str
    title: str
    owner: str
    text: str


class LicenseNotAccepted(EdgebuildError):
    """Tools whose licence nobody accepted yet."""


QUALCOMM_AI_STACK = License(
    id="qualcomm-ai-stack",
    title="AI Stack License, Terms and Conditions of Use",
    owner="Qualcomm Technologies, Inc.",
    text="onnxruntime_qnn/Qualcomm_LICENSE.pdf inside the wheel of onnxruntime-qnn 2.7.0",
)
INTEL_OPENVINO = License(
    id="intel-openvino",
    title="Intel OpenVINO Distribution License (Version May 2021)",
    owner="Intel Corporation",
    text="openvino-2021.4.2.dist-info/EULA.txt inside the wheel of openvino 2021.4.2",
)


def require(name: str, license: License | None, accept: frozenset[str]) -> None:
    """LicenseNotAccepted, with all it takes to accept, unless `accept` has the licence's id."""
    if license is None or license.id in accept:
        return
    ids = ",".join(sorted({*accept, license.id}))
    raise LicenseNotAccepted(
        f"the tool environment `{name}` is under a licence that was not accepted: {license.title}",
        fields={"owner": license.owner, "text": license.text},
        hint=f"read it; to accept it: export EDGEBUILD_ACCEPT_LICENSES={ids}",
    )
