from edgebuild.qnn.refusals import Refusal, refusals

LOG = (
    "2026-01-01 00:00:00.1 [V:onnxruntime:, qnn_execution_provider.cc:1713 LogNodeSupport] "
    "Validation FAILED for 1 nodes in OrtNodeUnit (Det) :\n"
    "\tOperator type: Det Node name: det Node index: 1\n"
    "\tREASON : Operators of type `Det` are not\n"
    "supported by QNN EP.\n"
    "2026-01-01 00:00:00.2 [V:onnxruntime:, other] something else\n"
    "\x1b[0;93m2026-01-01 00:00:00.3 [W:onnxruntime:, qnn_model_wrapper.cc:565 CreateQnnNode] "
    "QNN.backendValidateOpConfig() failed for node `pool 1_token_7_token_9` of type `PoolMax2d` "
    "with error code 3110\n\x1b[m\n"
    "\x1b[1;31m2026-01-01 00:00:00.4 [E:onnxruntime:, GetCapabilityImpl] Unsupported nodes in "
    "QNN EP: { name: det, type: Det }{ name: pool 1_token_7_token_9, type: MaxPool }, \x1b[m\n"
    "2026-01-01 00:00:00.5 [E:onnxruntime:, GetCapabilityImpl] Unsupported nodes in QNN EP: "
    "{ name: QNNExecutionProvider_QNNExecutionProvider_1_1_0, type: QNNExecutionProvider_1_1 }\n"
)


def test_nodes_by_their_names_in_the_model_with_the_reasons_given():
    assert refusals(LOG) == [
        Refusal(
            name="det", op="Det", reason="Operators of type `Det` are not supported by QNN EP."
        ),
        Refusal(
            name="pool 1",
            op="MaxPool",
            reason="the HTP refuses PoolMax2d: QNN.backendValidateOpConfig() error 3110",
        ),
    ]


def test_a_log_without_refusals_has_none():
    assert refusals("2026-01-01 [I:onnxruntime:, x] all is well\n") == []
