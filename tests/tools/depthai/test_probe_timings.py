"""Timing on a Myriad X, as far as that goes without one: depthai's own messages, blobs and errors, and a
stand-in for the connection."""

import contextlib
import json
import time

import conformance
import depthai as dai
import numpy as np
import pytest

from edgebuild.formats import timings
from edgebuild.steps.myriad_usb import MyriadDeviceError
from edgebuild.steps.probes import myriad_device, timings_depthai

ANSWER_S = 0.002
NUMBER = timings_depthai._EXAMPLE_DEVICE["id"]


def free(port, number):
    """A Myriad X that waits to be started, as depthai tells of it."""
    info = dai.DeviceInfo(port)
    info.deviceId = number
    info.platform = dai.XLinkPlatform.X_LINK_MYRIAD_X
    info.protocol = dai.XLinkProtocol.X_LINK_USB_VSC
    info.state = dai.XLinkDeviceState.X_LINK_UNBOOTED
    return info


class StandIn:
    """A device, its pipeline and its only node: checks what depthai checks, answers after 2 ms.

    It has no method that the real one has not (see the test of that)."""

    def __init__(self, monkeypatch, *, answers=True, starts=True, shape=None):
        self.answers, self.starts, self.shape = answers, starts, shape
        self.sent, self.settings, self.open = [], {}, False
        info = free("1.2", NUMBER)
        other = dai.DeviceInfo("1.3")
        other.platform = dai.XLinkPlatform.X_LINK_RVC4
        other.protocol = dai.XLinkProtocol.X_LINK_USB_VSC
        self.attached = [other, info]
        monkeypatch.setattr(dai, "Device", self.device())
        monkeypatch.setattr(dai, "Pipeline", self.pipeline)

    def device(self):
        outer = self

        class Device(contextlib.nullcontext):
            def __init__(self, info):
                super().__init__(self)
                assert info is outer.attached[1]
                outer.open = True

            def __exit__(self, *error):
                outer.open = False

            def getProductName(self):
                return "OAK-D-LITE"

            def getDeviceName(self):
                return None

            def getUsbSpeed(self):
                return dai.UsbSpeed.SUPER

            @staticmethod
            def getAllAvailableDevices():
                return outer.attached

        return Device

    @contextlib.contextmanager
    def pipeline(self, device):
        assert self.open
        yield self

    def create(self, node):
        assert node is dai.node.NeuralNetwork
        self.input = self.out = self
        return self

    def setBlobPath(self, path):
        self.blob = dai.OpenVINO.Blob(path)

    def setNumInferenceThreads(self, threads):
        self.settings["threads"] = threads

    def createInputQueue(self, **options):
        assert options.keys() == {"maxSize", "blocking"}
        return self

    def createOutputQueue(self, **options):
        return self.createInputQueue(**options)

    def start(self):
        if not self.starts:
            raise RuntimeError("not enough\n SHAVEs")

    def send(self, msg):
        assert isinstance(msg, dai.NNData)
        assert set(msg.getAllLayerNames()) == set(self.blob.networkInputs)
        self.sent.append(msg)
        self.due = time.perf_counter() + ANSWER_S

    def get(self, timeout):
        assert timeout.total_seconds() == 20
        if not self.answers:
            return None
        time.sleep(max(0, self.due - time.perf_counter()))
        return dai.NNData()


def test_the_stand_in_speaks_as_depthai_does():
    real = {
        dai.Device: ("getAllAvailableDevices", "getProductName", "getDeviceName", "getUsbSpeed"),
        dai.Pipeline: ("create", "start", "__enter__"),
        dai.node.NeuralNetwork: ("setBlobPath", "setNumInferenceThreads", "input", "out"),
        dai.Node.Input: ("createInputQueue",),
        dai.Node.Output: ("createOutputQueue",),
        dai.InputQueue: ("send",),
        dai.MessageQueue: ("get",),
    }
    for owner, names in real.items():
        assert not [name for name in names if not hasattr(owner, name)]
    for queue in (dai.Node.Input.createInputQueue, dai.Node.Output.createOutputQueue):
        assert "maxSize: int = 16, blocking: bool = False)" in queue.__doc__
    assert "timeout: datetime.timedelta" in dai.MessageQueue.get.__doc__


def test_the_example_keeps_the_promises_of_a_kind(tmp_path, monkeypatch):
    StandIn(monkeypatch)
    conformance.check(timings_depthai, tmp_path)


def test_frames_are_sent_one_after_the_other_and_timed_until_the_answer(tmp_path, monkeypatch):
    device = StandIn(monkeypatch)
    call = timings_depthai.example(tmp_path)
    timings_depthai.run(call)
    found = timings.load(call.outputs["timings"])
    assert (found.by, found.evidence, found.cpu) == ("depthai", "device", "")
    assert found.note == (
        "OAK-D-LITE on USB SUPER, depthai " + dai.__version__
        + ", from sending a frame until its answer was there"
    )  # fmt: skip
    assert found.runs >= 100
    assert ANSWER_S * 1000 <= found.p50 < 4 * ANSWER_S * 1000
    assert device.settings == {"threads": 1}
    assert not device.open, "the device was left open"


def test_a_message_has_the_bytes_that_the_blob_takes(tmp_path, monkeypatch):
    device = StandIn(monkeypatch)
    call = timings_depthai.example(tmp_path)
    timings_depthai.run(call)
    with np.load(call.inputs["evaluation"]) as data:
        wanted = data["inputs/image"]
    (tensor,) = device.blob.networkInputs.values()
    for i, message in enumerate(device.sent[1:4]):  # before them the first, as a warm-up
        sent = message.getTensorInfo("image")
        assert sent.dataType == tensor.dataType == dai.TensorInfo.DataType.U8F
        assert list(sent.dims) == list(reversed(tensor.dims)) == [1, 3, 16, 20]
        assert bytes(message.getData())[: wanted[i].nbytes] == wanted[i].tobytes()


def test_half_floats_and_several_inputs():
    frame = {
        "angle": np.asarray([[0.25, -1.5]], np.float16),
        "eyes": np.arange(384).reshape(1, 2, 12, 16).astype(np.float16),
    }
    message = timings_depthai._message(frame)
    data = bytes(message.getData())
    for name, array in frame.items():
        sent = message.getTensorInfo(name)
        assert sent.dataType == dai.TensorInfo.DataType.FP16
        assert list(sent.dims) == list(array.shape)
        assert data[sent.offset : sent.offset + array.nbytes] == array.tobytes()


# -------------------------------------------------------------------------------- no device


REMEDY = (
    "hint: attach one by USB, end other programs that use it, and let users open it: a udev rule "
    'SUBSYSTEM=="usb", ATTRS{idVendor}=="03e7", MODE="0666"'
)


def refused(tmp_path):
    call = timings_depthai.example(tmp_path)
    with pytest.raises(MyriadDeviceError) as caught:
        timings_depthai.run(call)
    assert not call.outputs["timings"].exists()
    return str(caught.value)


def test_without_a_device_the_remedy_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(dai.Device, "getAllAvailableDevices", list)
    assert refused(tmp_path) == (
        "error: no Myriad X is attached, or another program uses it, or it may not be opened\n"
        + REMEDY
    )


def test_another_device_than_the_build_found_is_not_measured(tmp_path, monkeypatch):
    """It was swapped after the build asked which one is attached."""
    device = StandIn(monkeypatch)
    device.attached = [free("1.2", "184430101175A41200")]
    assert refused(tmp_path) == (
        "error: another Myriad X is attached than when the build asked which one it is\n"
        f"  it was  {NUMBER} at port 1.2\n"
        "hint: attach it again, or build again to measure the one that is there now"
    )
    assert not device.sent


def told(folder, monkeypatch, *attached):
    monkeypatch.setattr(dai.Device, "getAllAvailableDevices", lambda: list(attached))
    folder.mkdir(exist_ok=True)
    call = myriad_device.example(folder)
    myriad_device.run(call)
    return json.loads(call.outputs["myriad_device"].read_text())


def test_which_device_is_attached_is_told_by_its_number_port_and_state(tmp_path, monkeypatch):
    one = free("1.2", NUMBER)
    assert told(tmp_path / "one", monkeypatch, one) == timings_depthai._EXAMPLE_DEVICE
    swapped = free("1.2", "184430101175A41200")
    assert told(tmp_path / "swapped", monkeypatch, swapped)["id"] == "184430101175A41200"
    one.state = dai.XLinkDeviceState.X_LINK_BOOTLOADER  # its flash was written meanwhile
    assert told(tmp_path / "flashed", monkeypatch, one) != timings_depthai._EXAMPLE_DEVICE
    both = [
        told(tmp_path / n, monkeypatch, *d)
        for n, d in (("a", (one, swapped)), ("b", (swapped, one)))
    ]
    assert both[0] == both[1], "of two, always the same"


def test_a_device_that_may_not_be_asked_is_not_taken_for_any(tmp_path, monkeypatch):
    with pytest.raises(MyriadDeviceError, match="does not say which one it is"):
        told(tmp_path / "one", monkeypatch, free("1.2", ""))


def test_the_example_of_asking_keeps_the_promises_of_a_kind(tmp_path, monkeypatch):
    StandIn(monkeypatch)
    conformance.check(myriad_device, tmp_path)


def test_a_device_that_cannot_be_opened(tmp_path, monkeypatch):
    """depthai's own error: the device that was found is not there any more."""
    info = free("1.2", NUMBER)
    monkeypatch.setattr(dai.Device, "getAllAvailableDevices", lambda: [info])
    monkeypatch.setenv("DEPTHAI_BOOTUP_TIMEOUT", "100")
    text = refused(tmp_path)
    assert text.startswith("error: the Myriad X that is attached cannot be used\n  depthai says  ")
    assert text.endswith(REMEDY)


def test_a_device_that_does_not_take_the_blob(tmp_path, monkeypatch):
    StandIn(monkeypatch, starts=False)
    assert refused(tmp_path) == (
        "error: the Myriad X does not take the blob\n"
        f"  device        OAK-D-LITE on USB SUPER, depthai {dai.__version__}\n"
        "  depthai says  not enough SHAVEs\n"
        "hint: see whether it wants more SHAVEs than the device has left"
    )


def test_a_device_that_does_not_answer(tmp_path, monkeypatch):
    device = StandIn(monkeypatch, answers=False)
    assert refused(tmp_path) == (
        "error: the Myriad X gave no answer within 20 s\n"
        f"  device  OAK-D-LITE on USB SUPER, depthai {dai.__version__}\n"
        "hint: attach it again, and see whether its cable and its power suffice"
    )
    assert not device.open
