from __future__ import annotations

import pytest

from edgebuild.toolchains import licenses
from edgebuild.toolchains.licenses import QUALCOMM_AI_STACK, LicenseNotAccepted


def test_refusal_says_whose_where_and_how() -> None:
    with pytest.raises(LicenseNotAccepted) as caught:
        licenses.require("qnn", QUALCOMM_AI_STACK, frozenset({"intel-openvino"}))
    assert str(caught.value) == (
        "error: the tool environment `qnn` is under a licence that was not accepted: "
        "AI Stack License, Terms and Conditions of Use\n"
        "  owner  Qualcomm Technologies, Inc.\n"
        "  text   onnxruntime_qnn/Qualcomm_LICENSE.pdf inside the wheel of onnxruntime-qnn 2.7.0\n"
        "hint: read it; to accept it: "
        "export EDGEBUILD_ACCEPT_LICENSES=intel-openvino,qualcomm-ai-stack"
    )


def test_accepted_or_without_licence_passes() -> None:
    licenses.require("qnn", QUALCOMM_AI_STACK, frozenset({"qualcomm-ai-stack"}))
    licenses.require("onnx", None, frozenset())
