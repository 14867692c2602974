"""Driver of Qualcomm's QNN libraries: write a DLC offline, execute a DLC on the HTP emulator.

`compile`, `emulator` and `explain` need the `qnn` tool environment (onnxruntime with its QNN
provider). The libraries are Qualcomm's and are used through their public interfaces: ONNX Runtime's
provider options, and the C API with the structures its headers document.
"""

from edgebuild.errors import EdgebuildError


class QnnError(EdgebuildError):
    """A model or target that QNN cannot take, or a QNN that does not do what it should."""
