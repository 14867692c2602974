import json

import pytest
import stepcall
import torch
from safetensors.torch import load_file

from edgebuild.formats.weights import WeightsError
from edgebuild.step import ProjectFile
from edgebuild.steps.trainings import torch as training
from edgebuild.steps.trainings.torch import Params
from edgebuild.steps.user_code import UserCodeError

CODE = """
import json, torch
from safetensors.torch import save_file

def train(outputs, seed, log):
    log("threads", torch.get_num_threads())
    save_file({"w": torch.rand(3)}, outputs["weights"])
    outputs["record"].write_text(json.dumps({"z": 1, "seed": seed}))
"""


def train(folder, code=CODE, **params):
    folder.mkdir(exist_ok=True)
    (folder / "fit.py").write_text(code)
    return stepcall.run(
        training,
        folder / "step",
        {"file": folder / "fit.py"},
        params=Params(file=ProjectFile(path="fit.py"), **params),
    )


def test_the_seed_and_the_threads_are_set(tmp_path, capfd):
    first, second = (train(tmp_path / name, seed=3) for name in "ab")
    other = train(tmp_path / "c", seed=4, threads=1)
    w = [load_file(made["weights"])["w"] for made in (first, second, other)]
    assert torch.equal(w[0], w[1]) and not torch.equal(w[0], w[2])
    assert json.loads(first["record"].read_text()) == {"seed": 3, "z": 1}
    assert first["record"].read_text().index("seed") < first["record"].read_text().index("z")
    assert capfd.readouterr().err == "threads 2\nthreads 2\nthreads 1\n"


@pytest.mark.parametrize(
    ("old", "new", "error", "said"),
    [
        ("save_file(", "print(", UserCodeError, "the training wrote no weights"),
        ("torch.rand(3)", "torch.rand(3) / 0", WeightsError, "`w` has values that are not finite"),
        ('{"w": torch.rand(3)}', "{}", WeightsError, "has no tensors in it"),
        ("json.dumps(", "str(", UserCodeError, "the training's record is not JSON"),
        ('outputs["record"].write_text', "str", UserCodeError, "the training wrote no record"),
    ],
)
def test_a_training_that_leaves_no_weights_fails(tmp_path, old, new, error, said):
    with pytest.raises(error) as raised:
        train(tmp_path, CODE.replace(old, new))
    assert said in str(raised.value)


def test_a_pickle_is_no_weights_file(tmp_path):
    code = CODE.replace("save_file(", "torch.save(")
    with pytest.raises(WeightsError, match="is a pickle"):
        train(tmp_path, code)
