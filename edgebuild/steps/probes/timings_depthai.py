"""How long a frame takes on a Myriad X that is attached by USB, with Luxonis' depthai.

The blob is loaded onto the device as it was built, with one inference thread. One frame after the other
is sent to it, made of samples of the evaluation data; measured is the time from sending until the
answer is there, so the way over USB is part of it, as it is for a program on the host. The very
first frame counts as warm-up, a few more are not counted, then 200 are measured, of a large network 100
or as many as take two seconds. Nothing else of any build on the same store runs meanwhile.

It is used where a device is attached; the result stays in the store, and is found again while that very
device is at the same port (see probe `myriad_device`). What is said here of depthai's programming interface
was tried with depthai 3.12 as far as that goes without a device: no Myriad X has been at hand yet to run the
whole of it.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgebuild.formats import dataset, naming, timings
from edgebuild.step import Call, Contract, StepKind, Tensor
from edgebuild.steps import examples, myriad_usb, repeat
from edgebuild.steps.myriad_usb import REMEDY, MyriadDeviceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ANSWER_S = 20.0


def run(call: Call) -> None:
    """Open the device, load the blob, prepare the messages, measure."""
    frames = repeat.frames(
        dataset.load(call.inputs["evaluation"]),
        Contract.from_json(call.facts["source_contract"]),
        Contract.from_json(call.facts["contract"]),
    )
    names = naming.load(call.inputs.get("names"))
    wanted = json.loads(call.inputs["myriad_device"].read_text())
    messages = [_message(naming.fed(frame, names)) for frame in frames]
    with (
        _device(wanted) as device,
        _network(device, call.inputs["blob"]) as (to_device, from_device),
    ):

        def infer(message: Any) -> None:
            to_device.send(message)
            if from_device.get(datetime.timedelta(seconds=_ANSWER_S)) is None:
                raise MyriadDeviceError(
                    f"the Myriad X gave no answer within {_ANSWER_S:g} s",
                    fields={"device": _name(device)},
                    hint="attach it again, and see whether its cable and its power suffice",
                )

        found = repeat.repeat(infer, messages)
        note = f"{_name(device)}, from sending a frame until its answer was there"
    measured = timings.measured("depthai", "device", found.ms, warmup_ms=found.warmup_ms, note=note)
    timings.save(call.outputs["timings"], measured)


def _message(frame: dict[str, NDArray[Any]]) -> Any:
    """All inputs of a frame, each under its name."""
    import depthai as dai

    types = dai.TensorInfo.DataType
    known = {"uint8": types.U8F, "float16": types.FP16, "float32": types.FP32, "int32": types.INT}
    message = dai.NNData()
    for name, array in frame.items():
        message.addTensor(name, array, dataType=known[str(array.dtype)])
    return message


@contextlib.contextmanager
def _device(wanted: Mapping[str, str]) -> Iterator[Any]:
    """The Myriad X that the build found when it asked which one is attached."""
    import depthai as dai

    same = [info for info in myriad_usb.free() if myriad_usb.identity(info) == wanted]
    if not same:
        raise MyriadDeviceError(
            "another Myriad X is attached than when the build asked which one it is",
            fields={"it was": f"{wanted['id']} at port {wanted['port']}"},
            hint="attach it again, or build again to measure the one that is there now",
        )
    try:
        device = dai.Device(same[0])
    except RuntimeError as error:
        raise MyriadDeviceError(
            "the Myriad X that is attached cannot be used",
            fields={"depthai says": " ".join(str(error).split())},
            hint=REMEDY,
        ) from error
    with device:
        yield device


@contextlib.contextmanager
def _network(device: Any, blob: Path) -> Iterator[tuple[Any, Any]]:
    """The queue that takes frames and the one that gives answers, of a blob that runs on `device`."""
    import depthai as dai

    with dai.Pipeline(device) as pipeline:
        try:
            node = pipeline.create(dai.node.NeuralNetwork)
            node.setBlobPath(blob)
            node.setNumInferenceThreads(1)
            to_device = node.input.createInputQueue(maxSize=1, blocking=True)
            from_device = node.out.createOutputQueue(maxSize=1, blocking=True)
            pipeline.start()
        except RuntimeError as error:
            raise MyriadDeviceError(
                "the Myriad X does not take the blob",
                fields={
                    "device": _name(device),
                    "depthai says": " ".join(str(error).split()),
                },
                hint="see whether it wants more SHAVEs than the device has left",
            ) from error
        yield to_device, from_device


def _name(device: Any) -> str:
    """What it is and how fast it is attached, but not which one."""
    import depthai as dai

    name = device.getProductName() or device.getDeviceName() or "Myriad X"
    return f"{name} on USB {device.getUsbSpeed().name}, depthai {dai.__version__}"


# A convolution from bytes `image` [1, 3, 16, 20] to `mask` [1, 5, 16, 20] for one SHAVE.
_BLOB = (
    "eNrNVD1s00AUvthJRa1KIOGF6dShFEN/kviPpaISS0eUOUM69ABBBRELkodGQpnbuVORihDQXvPjvzGSVzJ3YakE"
    "m9lQ1+LLPeOrcQoDAxedzt9773vv3Ze729l6TpAwSkhKfr+Pg1L2/X0Boc4MQjO/OHyWkzmSE98cx2g284lzBKT1"
    "ZHZk9E/GjWQ+3d58vHVpLwjNP+R9sTLrEl8fScX87c1Xz/J2kf8Z+LHAf53MF1BLnVg6D1BOl2k9pJKO5OJ6aWxL"
    "4jYEtW5dvNlpJetNsJX/kjst5mWyVpjzR2mSk+X/mqy3gdNCWa+S8C3iCxjMVoH8sqCBqEl+yAW9daC3PaG3fMwB"
    "xPSkLMe0/+xLmudbabIvtscnf9CwiHvVmUiPBTv/CHKzOlce3JBYh0ZUc5Y41Hp0uO81A8XmmOpaFS9Ex2TAMfHR"
    "/TXLMdo18L93esiNvG7Acdts6nQVzxPK8djd9U9t1WoYHDtL+MO4p7mxx7Fib5iKrqym7ZDBuRv61I5NyFej98hH"
    "3G+4HHeDMwubYZ2sQDwNB9g787vQb8PANXKXfmr3OY49GoTWuUHqaQXlRBlueAr0G5uaMa5izTkCvqv6p8GuNYZ+"
    "yQp+S0+awzb027UjExlOlS5Cf33HXfOZihBfj5bxO6YiVAua9r7JVIT9H0X9Q5epCPoYah0vT1Tk+Tw90G2mIui7"
    "iI/VAVMR/ZdDhbdLvGvMxt5W9q6wM1lNL9lsDs9l/DJw8/5rnHbJz+L34P1IbZLQS6Uo13WO78DdTu/IT0tWsJs="
)

_EXAMPLE_DEVICE = {"id": "14442C10D13EABCE00", "port": "1.2", "state": "X_LINK_UNBOOTED"}


def example(folder: Path) -> Call:
    """A blob of one convolution on three images. It needs a Myriad X."""
    import numpy as np

    (folder / "model.blob").write_bytes(zlib.decompress(base64.b64decode(_BLOB)))
    image = Tensor(shape=(1, 3, 16, 20), dtype="uint8", layout="NCHW", color="RGB")
    mask = Tensor(shape=(1, 5, 16, 20), dtype="float16", layout="NCHW")
    values = np.random.default_rng(5).integers(0, 256, (3, 1, 3, 16, 20)).astype(np.uint8)
    dataset.save(folder / "evaluation.npz", {"inputs": {"image": values}})
    contract = Contract(inputs={"image": image}, outputs={"mask": mask}).to_json()
    device = folder / "device.json"
    device.write_text(json.dumps(_EXAMPLE_DEVICE))
    return examples.call(
        folder,
        KIND,
        facts={"contract": contract, "source_contract": contract},
        inputs={
            "blob": folder / "model.blob",
            "evaluation": folder / "evaluation.npz",
            "myriad_device": device,
        },
    )


KIND = StepKind(
    role="probe",
    run=run,
    tools="depthai",
    consumes=("blob", "evaluation", "myriad_device", "names?"),
    produces={"timings": "timings.json"},
    facts=("contract", "source_contract"),
    platform=("cpu",),  # it sends and receives
    needs=("myriad-device",),
    alone=True,
    time_limit_s=300,
)
