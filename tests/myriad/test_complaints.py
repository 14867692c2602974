"""What a user reads when the compiler fails: texts it wrote, word for word, and what becomes of them."""

import signal

import pytest

from edgebuild.myriad import complaints

PLACE = (
    "/home/jenkins/agent/workspace/private-ci/ie/build-linux-centos76/b/repos/openvino/"
    "inference-engine/src/vpu/graph_transformer/src"
)
WARNING = (
    "\x1b[1;33m[Warning][VPU][Config] Deprecated option was used : VPU_MYRIAD_PLATFORM\x1b[0m\n"
    "\x1b[35mE: [ncAPI] [    104497] [python3] ncDeviceOpen:770\tflock(global_lock_fd, LOCK_EX)"
    " failed with error: -1\x1b[0m\n"
)
THROWN = "terminate called after throwing an instance of 'InferenceEngine::GeneralError'\n"
LEGALIZE = (
    "hint: put the pass `legalize` into the recipe: it rewrites what this compiler does not read"
)


@pytest.mark.parametrize(
    ("log", "text"),
    [
        pytest.param(
            WARNING
            + THROWN
            + "  what():  [ GENERAL_ERROR ] \n"
            + PLACE
            + '/frontend/frontend.cpp:441 Failed to compile layer "y": unsupported layer type'
            ' "Abs"\n',
            "error: the Myriad X compiler refused the model: the chip has no stage for Abs\n"
            "  layer  y\n"
            "  op     Abs\n"
            "  node   absolute\n" + LEGALIZE,
            id="layer without a stage",
        ),
        pytest.param(
            "terminate called after throwing an instance of 'ngraph::CheckFailure'\n"
            "  what():  Check 'unknown_operators.empty()' failed at"
            " frontend/onnx_import/src/core/graph.cpp:176:\n"
            "nGraph does not support the following ONNX operations: HardSwish, GridSample\n\n",
            "error: the Myriad X compiler refused the model: its reader does not know HardSwish,"
            " GridSample\n"
            "  op  HardSwish, GridSample\n" + LEGALIZE,
            id="unknown ops",
        ),
        pytest.param(
            "terminate called after throwing an instance of 'ngraph::ngraph_error'\n"
            "  what():  While validating ONNX node '<Node(Pad): padded>':\n"
            "deque::_M_range_check\n",
            "error: the Myriad X compiler refused the model: deque::_M_range_check\n"
            "  op     Pad\n"
            "  layer  padded\n" + LEGALIZE,
            id="its reader fails",
        ),
        pytest.param(
            WARNING
            + THROWN
            + "  what():  [ GENERAL_ERROR ] \n"
            + PLACE
            + '/frontend/frontend.cpp:441 Failed to compile layer "y": [ GENERAL_ERROR ] \n'
            + PLACE
            + "/stages/convolution.cpp:407 number of biases must equal to number of output channels"
            " per group, but: channels per group=8, biases=1\n",
            "error: the Myriad X compiler refused the model: number of biases must equal to number"
            " of output channels per group, but: channels per group=8, biases=1\n"
            "  layer  y\n"
            "  node   absolute",
            id="reason inside a reason",
        ),
        pytest.param(
            WARNING
            + THROWN
            + "  what():  a of type Convert: [ GENERAL_ERROR ] \n"
            + PLACE
            + "/stages/convert.cpp:70 [Internal Error]: Final check for stage a with type Convert"
            " has failed: Conversion from FP16 to U8 is unsupported\n",
            "error: the Myriad X compiler refused the model: Final check for stage a with type"
            " Convert has failed: Conversion from FP16 to U8 is unsupported\n"
            "  layer  a\n"
            "  stage  Convert",
            id="stage",
        ),
        pytest.param(
            THROWN + "  what():  [ GENERAL_ERROR ]  AssertionFailed: !out.networkInputs.empty()\n",
            "error: the Myriad X compiler refused the model: AssertionFailed:"
            " !out.networkInputs.empty()\n"
            "hint: the whole model is constant: nothing depends on its inputs",
            id="constant model",
        ),
    ],
)
def test_tells_reason_layer_and_hint_without_noise(log, text):
    error = complaints.error(log, -signal.SIGABRT, {"y": "absolute"})
    assert str(error) == text


def test_a_crash_is_told_with_its_signal_and_what_was_said():
    error = complaints.error(WARNING + "stack smashing detected\n", -signal.SIGSEGV, {})
    assert str(error) == (
        "error: the Myriad X compiler crashed (SIGSEGV)\n  it said  stack smashing detected"
    )
    assert str(complaints.error("", -signal.SIGKILL, {})) == (
        "error: the Myriad X compiler crashed (SIGKILL)\n"
        "hint: if memory ran out, build fewer steps at once"
    )
    assert str(complaints.error("", 1, {})) == "error: the Myriad X compiler crashed (exit code 1)"


def test_the_drivers_own_reason_is_told_as_it_is():
    error = complaints.error(WARNING + "nothing depends on `u`", complaints.REFUSED, {})
    assert str(error) == "error: nothing depends on `u`"
