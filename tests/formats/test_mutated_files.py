"""Whatever is done to a file, a reader gives what it says or an error of ours, within 2 s and 1 GiB."""

import os
from pathlib import Path

import pytest
from mutated import found

from edgebuild.steps import converted

HERE = Path(__file__).parent
WHOLE = "mutated:of_whatever"
READERS = {
    ".onnx": ("edgebuild.formats.onnx_header:read_file", WHOLE),
    ".xml": ("mutated:ir", WHOLE),
    ".blob": ("mutated:blob", WHOLE),
    ".dlc": ("mutated:dlc", WHOLE),
    ".tflite": ("edgebuild.formats.tflite:load", WHOLE),
    ".param": ("edgebuild.formats.ncnn_param:load", WHOLE),
    ".safetensors": (WHOLE,),
    ".npz": (WHOLE,),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Files that are not stored."""
    folder = tmp_path_factory.mktemp("made")
    converted.write_tflite(folder / "model.tflite")
    converted.write_ncnn(folder / "model.param", folder / "weights.bin")
    return folder


def test_what_a_reader_must_not_do_is_noticed(made):
    assert len(found(made / "model.param", 3, "ast:literal_eval")) == 3
    assert "dead" in found(made / "model.param", 1, "mutated:abort")[0]


@pytest.mark.parametrize("name", ["model.tflite", "model.param"])
def test_files_as_converters_write_them(made, name):
    assert found(made / name, 150, *READERS[Path(name).suffix]) == []


@pytest.mark.parametrize(
    "name",
    ["blobs/gaze_FP16_5.blob", "blobs/convolution_U8_1.blob", "dlcs/tiny_int8.dlc", "../broken/fruits.onnx",
     "../../manifests/models/body-segmentation/weights.safetensors"],
)  # fmt: skip
def test_files_of_the_repository(name):
    path = (HERE / name).resolve()
    assert found(path, 100, *READERS[path.suffix]) == []


@pytest.mark.heavy
def test_every_model_there_is():
    """In the repository, and in the mirror folders of whoever runs this: 200 damaged copies of each."""
    mirrors = os.environ.get("EDGEBUILD_MIRROR", "").split(os.pathsep)
    folders = [HERE.parent, HERE.parents[1] / "manifests", *map(Path, filter(None, mirrors))]
    files = sorted(
        {p.resolve() for f in folders for p in f.rglob("*") if p.suffix in READERS and p.is_file()}
    )
    assert len(files) > 5
    failures = [line for file in files for line in found(file, 200, *READERS[file.suffix])]
    assert failures == []
