"""The compiler's process: what becomes of it when it hangs, crashes or talks without end."""

import os
import signal
import time
from pathlib import Path

import pytest

from edgebuild.myriad import compile as driver
from edgebuild.myriad import example_model
from edgebuild.myriad.complaints import MyriadCompileError
from edgebuild.myriad.libraries import Libraries


@pytest.fixture
def compiled(tmp_path, monkeypatch):
    """Compile the example with a stand-in for the compiler's process: a line of Python."""
    monkeypatch.setattr(
        driver.libraries, "locate", lambda tools: Libraries(folder=tools, libusb=tools)
    )
    (tmp_path / "model.bin").write_bytes(example_model.onnx("image", "mask"))
    folder = tmp_path / "work"
    folder.mkdir()

    def run(line, timeout_s=30.0):
        monkeypatch.setattr(driver, "_START", "import os, sys, time; " + line)
        try:
            return driver.compile_model(
                tmp_path / "model.bin",
                tools=tmp_path,
                folder=folder,
                inputs={"image": "FP16"},
                shaves=2,
                slices=2,
                timeout_s=timeout_s,
            )
        finally:
            assert not list(folder.iterdir()), "temporary files are left behind"

    return run


def test_returns_what_the_process_wrote(compiled):
    made = compiled("open('model.blob', 'wb').write(b'B'); open('graph.dot', 'w').write('G')")
    assert (made.blob, made.graph) == (b"B", "G")
    assert made.header.opset == 13


def test_the_process_has_its_own_folder_and_nothing_of_the_users_environment(compiled, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    monkeypatch.setenv("MYRIAD_SOMETHING", "1")
    made = compiled(
        "open('model.blob', 'w').write(repr(sorted(os.environ)));"
        " open('graph.dot', 'w').write(str(os.environ['TMPDIR'] == os.getcwd()))"
    )
    assert made.blob == b"['LC_ALL', 'TMPDIR']"
    assert made.graph == "True"


def test_a_process_that_hangs_is_killed(compiled, tmp_path):
    note = tmp_path / "pid"
    started = time.monotonic()
    with pytest.raises(MyriadCompileError) as caught:
        compiled(f"open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)", timeout_s=1.5)
    assert time.monotonic() - started < 30
    assert str(caught.value) == (
        "error: the Myriad X compiler took longer than 1.5 s and was stopped\n"
        "hint: very many small ops take it long; `simplify` may remove some"
    )
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_an_abort_is_the_compilers_complaint(compiled):
    with pytest.raises(MyriadCompileError) as caught:
        compiled(
            """sys.stderr.write('Failed to compile layer "inner": it does not fit'); """
            "sys.stderr.flush(); os.abort()"
        )
    assert str(caught.value) == (
        "error: the Myriad X compiler refused the model: it does not fit\n"
        "  layer  inner\n"
        "  node   conv"
    )


def test_a_crash_is_told(compiled):
    with pytest.raises(MyriadCompileError, match=r"the Myriad X compiler crashed \(SIGSEGV\)"):
        compiled(f"os.kill(os.getpid(), {int(signal.SIGSEGV)})")


def test_of_a_process_that_talks_without_end_the_end_is_read(compiled):
    with pytest.raises(MyriadCompileError) as caught:
        compiled("print('noise ' * 2_000_000, 'reason', flush=True); os.abort()")
    assert caught.value.message.endswith("reason")
    assert len(caught.value.message) < 100_000


def test_nodes_are_known_by_what_they_make():
    header = driver.onnx_header.read(example_model.onnx("image", "mask"))
    assert driver.nodes_by_tensor(header) == {"inner": "conv", "mask": "last"}


def test_the_worker_is_started_with_this_very_package():
    worker = Path(driver.__file__).with_name("worker.py")
    assert worker == driver._ROOT / "edgebuild/myriad/worker.py"
