"""Every tool environment there is: what it is for, its lock, licence and modules to preload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edgebuild.errors import EdgebuildError, suggest
from edgebuild.toolchains.licenses import INTEL_OPENVINO, QUALCOMM_AI_STACK, License

_LOCKS = Path(__file__).parent / "locks"
_MB = 1_000_000
# What every process in every environment has. One thread, unless a step asks a library for more:
# results must not depend on the number of cores, and a process with threads cannot be forked.
FIXED_VARIABLES: Mapping[str, str] = {
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
}
# ONNX Runtime's Linux wheels send usage data from import on, unless this is set before.
_QUIET_ORT = {"ORT_DISABLE_TELEMETRY": "1"}


class UnknownEnvironment(EdgebuildError):
    """A name no tool environment has."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Declaration of one tool environment.

    form            venv: a virtual environment with the lock's wheels; unzipped: the content of
                    the wheels, never imported, its steps run in the main Python; interpreter:
                    the main Python alone.
    preload         modules its worker imports once, before it forks a process per step.
    variables       environment variables that its processes always have.
    left_out        packages that the lock leaves out on purpose although others ask for them.
    pip_options     what pip needs to find wheels made for another Python.
    machines        where it runs (`linux-x86_64`); empty = wherever its wheels exist.
    libraries       shared libraries of the system that its wheels load but do not bring, each with
                    the Debian package that has it; small systems lack them.
    download_bytes  about what a first use downloads.
    scarce          packages that indexes may lack: looked for before anything is downloaded.
    absent_hint     what to do where pip's sources lack a wheel.
    """

    name: str
    purpose: str
    form: Literal["venv", "unzipped", "interpreter"] = "venv"
    lock: Path | None = None
    license: License | None = None
    preload: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    pip_options: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    libraries: Mapping[str, str] = field(default_factory=dict)
    download_bytes: int = 0
    scarce: tuple[str, ...] = ()
    absent_hint: str = ""


def get(name: str) -> Environment:
    """The environment of that name, or UnknownEnvironment."""
    if name in ENVIRONMENTS:
        return ENVIRONMENTS[name]
    near = suggest(name, ENVIRONMENTS)
    raise UnknownEnvironment(
        f"unknown tool environment `{name}`",
        hint=f"did you mean `{near}`?" if near else f"known: {', '.join(sorted(ENVIRONMENTS))}",
    )


_ALL = (
    Environment(
        name="python",
        purpose="steps that need the standard library only",
        form="interpreter",
    ),
    Environment(
        name="onnx",
        purpose="reading, simplifying, quantising and running ONNX",
        lock=_LOCKS / "onnx.lock",
        preload=(
            "numpy.random",
            "onnx",
            "onnxruntime",
            "onnxruntime.quantization",
            "onnxsim",
            "PIL.Image",
        ),
        variables=_QUIET_ORT,
        download_bytes=67 * _MB,
    ),
    Environment(
        name="openvino",
        purpose="OpenVINO IR: converting, and running on the host's CPU",
        lock=_LOCKS / "openvino.lock",
        preload=("numpy.random", "onnxruntime", "openvino"),
        left_out=("openvino-telemetry",),
        variables=_QUIET_ORT,
        download_bytes=100 * _MB,
    ),
    Environment(
        name="torch",
        purpose="PyTorch networks: exporting to ONNX, and training",
        lock=_LOCKS / "torch.lock",
        preload=(
            "numpy.random",
            "onnx",
            "onnxruntime",
            "onnxscript",
            "safetensors.torch",
            "torch.onnx",
        ),
        variables=_QUIET_ORT,
        download_bytes=254 * _MB,
        scarce=("torch",),
        absent_hint=(
            "the CPU build of torch is needed, of which edgebuild pins those for Python 3.11 to 3.14 "
            "on Linux x86-64; the CUDA build, which most indexes have, would bring gigabytes and is "
            "not taken. Name PyTorch's index of CPU wheels in your pip configuration: "
            "`pip config set global.extra-index-url URL`; "
            "or put the wheel into a folder: `pip config set global.find-links FOLDER`"
        ),
    ),
    Environment(
        name="qnn",
        purpose="Qualcomm DLC: compiling, and emulating the HTP",
        lock=_LOCKS / "qnn.lock",
        license=QUALCOMM_AI_STACK,
        preload=(
            "numpy.random",
            "onnx",
            "onnxruntime",
            "onnxruntime_qnn",
            "onnxruntime.quantization.execution_providers.qnn",
        ),
        variables=_QUIET_ORT,
        libraries={"libatomic.so.1": "libatomic1"},  # of libQnnSystem.so, which the emulator needs
        download_bytes=156 * _MB,
    ),
    Environment(
        name="myriad",
        purpose="MyriadX blobs: the compiler of OpenVINO 2021.4.2, as libraries",
        form="unzipped",
        lock=_LOCKS / "myriad.lock",
        license=INTEL_OPENVINO,
        pip_options=(
            "--python-version=3.8",
            "--implementation=cp",
            "--abi=cp38",
            "--platform=manylinux2014_x86_64",
            # libusb-package asks for a newer Python than the compiler's; neither is ever imported.
            "--ignore-requires-python",
        ),
        machines=("linux-x86_64",),
        download_bytes=29 * _MB,
    ),
    Environment(
        name="litert",
        purpose="TFLite: running on the host's CPU",
        lock=_LOCKS / "litert.lock",
        preload=("numpy.random", "ai_edge_litert.interpreter"),
        left_out=(
            "backports-strenum",
            "flatbuffers",
            "ml-dtypes",
            "protobuf",
            "tqdm",
            "typing-extensions",
        ),
        download_bytes=39 * _MB,
    ),
    Environment(
        name="ncnn",
        purpose="NCNN: running on the host's CPU",
        lock=_LOCKS / "ncnn.lock",
        preload=("numpy.random", "ncnn"),
        left_out=("portalocker", "requests", "tqdm"),
        download_bytes=28 * _MB,
    ),
    Environment(
        name="metrics",
        purpose="quality of answers: SSIM of scikit-image, boxes matched by pycocotools",
        lock=_LOCKS / "metrics.lock",
        preload=("numpy.random", "pycocotools.cocoeval"),
        left_out=("imageio", "networkx", "pillow", "tifffile"),
        download_bytes=67 * _MB,
    ),
    Environment(
        name="pytest",
        purpose="tests: pytest, beside the libraries of the environment that is tested",
        form="unzipped",
        lock=_LOCKS / "pytest.lock",
        download_bytes=3 * _MB,
    ),
    Environment(
        name="sklearn",
        purpose="tests: scikit-learn, whose figures those of the metrics are compared with",
        form="unzipped",
        lock=_LOCKS / "sklearn.lock",
        download_bytes=10 * _MB,
    ),
    Environment(
        name="depthai",
        purpose="Myriad X devices that are attached: how long a frame takes there",
        lock=_LOCKS / "depthai.lock",
        variables={"DEPTHAI_TELEMETRY": "0"},  # it sends usage data as well
        download_bytes=113 * _MB,
    ),
    Environment(
        name="hub",
        purpose="Qualcomm AI Hub, the vendor's cloud compiler",
        lock=_LOCKS / "hub.lock",
        download_bytes=41 * _MB,
    ),
    Environment(
        name="blobconverter",
        purpose="Luxonis' online MyriadX compiler",
        lock=_LOCKS / "blobconverter.lock",
        download_bytes=2 * _MB,
    ),
)
ENVIRONMENTS: Mapping[str, Environment] = {e.name: e for e in _ALL}
