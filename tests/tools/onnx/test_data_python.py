import pytest
import stepcall

from edgebuild.formats import dataset
from edgebuild.step import Contract, ProjectFile, Tensor
from edgebuild.steps.data import python
from edgebuild.steps.user_code import UserCodeError

CONTRACT = Contract(inputs={"x": Tensor(shape=(1, 2))}, outputs={"y": Tensor(shape=(1, 2))})
GOOD = """
import numpy as np
def make(samples, seed, files):
    values = np.random.default_rng(seed).random((samples, 1, 2))
    return {"inputs": {"x": values}, "truth": {"y": values > 0.5}}
"""


def run(folder, code, *, samples=3, seed=1, function="make", modules=(), files=None):
    folder.mkdir(exist_ok=True)
    (folder / "d.py").write_text(code)
    params = python.Params(
        file=ProjectFile(path="d.py"), function=function, samples=samples, seed=seed
    )
    inputs = {"file": folder / "d.py"}
    inputs |= {f"modules.{i}": path for i, path in enumerate(modules)}
    inputs |= {f"files.{name}": path for name, path in (files or {}).items()}
    made = stepcall.run(python, folder / "step", inputs, params=params, contract=CONTRACT)
    return dataset.load(made["dataset"])


def refused(folder, code, **options):
    with pytest.raises(UserCodeError) as error:
        run(folder, code, **options)
    return str(error.value)


def returning(text):
    return f"import numpy as np\ndef make(samples, seed, files):\n    return {text}\n"


def test_a_seed_decides_the_values(tmp_path):
    first, second = (run(tmp_path / name, GOOD, seed=7) for name in "ab")
    other = run(tmp_path / "c", GOOD, seed=8)
    assert (first["inputs"]["x"] == second["inputs"]["x"]).all()
    assert (first["inputs"]["x"] != other["inputs"]["x"]).any()
    assert first["truth"]["y"].dtype == bool


def test_files_by_name_and_modules_in_order(tmp_path):
    first, second = tmp_path / "in0" / "one.py", tmp_path / "in1" / "two.py"
    for path, text in ((first, "from two import VALUE"), (second, "VALUE = 4")):
        path.parent.mkdir()
        path.write_text(text)
    (tmp_path / "n.txt").write_text("5")
    code = (
        "import numpy as np\nimport one\ndef make(samples, seed, files):\n"
        "    value = one.VALUE + int(files['number'].read_text())\n"
        "    return {'inputs': {'x': np.full((samples, 1, 2), value)}}\n"
    )
    made = run(tmp_path / "p", code, modules=[first, second], files={"number": tmp_path / "n.txt"})
    assert made["inputs"]["x"].max() == 9


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[1]", "`make` must return a dict with `inputs` and `truth`"),
        ("{'inputs': {}, 'labels': {}}", "`make` must return a dict with `inputs` and `truth`"),
        ("{'inputs': {'xx': np.ones((3, 1, 2))}}", "`make` gives no values for input `x`"),
        (
            "{'inputs': {'x': np.ones((3, 1, 2)), 'z': np.ones(3)}}",
            "`make` gives values for `z`, which is no input",
        ),
        ("{'inputs': {'x': np.ones((3, 2))}}", "wrong shape for input `x`"),
        ("{'inputs': {'x': np.ones((4, 1, 2))}}", "inputs `x` has 4 samples instead of 3"),
        ("{'inputs': {'x': 5}}", "inputs `x` has no samples instead of 3"),
        ("{'inputs': {'x': np.array(['a', 'b', 'c'])}}", "inputs `x` is not an array of numbers"),
        (
            "{'inputs': {'x': np.array([None] * 3)}}",
            "inputs `x` is not an array of numbers: object",
        ),
        (
            "{'inputs': {'x': np.full((3, 1, 2), np.nan)}}",
            "inputs `x` has 6 values that are not finite",
        ),
        (
            "{'inputs': {'x': np.ones((3, 1, 2))}, 'truth': {'y': np.full(3, np.inf)}}",
            "truth `y` has 3 values that are not finite",
        ),
    ],
)
def test_what_is_no_data_for_the_model_is_refused(tmp_path, value, said):
    assert said in refused(tmp_path / "p", returning(value))


def test_an_error_in_the_projects_code_names_its_line(tmp_path, capfd):
    code = "def make(samples, seed, files):\n    count = 1 // (samples - 3)\n    return count\n"
    assert refused(tmp_path / "p", code) == (
        "error: d.py failed: ZeroDivisionError: integer division or modulo by zero\n"
        " --> d.py:2:1\n"
        "  |\n"
        "2 | count = 1 // (samples - 3)\n"
        "  | ^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "hint: the step's log has the whole traceback"
    )
    assert "Traceback" in capfd.readouterr().err


def test_a_file_that_is_no_python_names_its_line(tmp_path):
    text = refused(tmp_path / "p", "def make(:\n    pass\n")
    assert text.startswith("error: d.py failed: SyntaxError: ")
    assert "--> d.py:1:10" in text and "1 | def make(:" in text


def test_a_function_that_is_not_there(tmp_path):
    assert refused(tmp_path / "p", GOOD, function="maek") == (
        "error: d.py has no function or class `maek`\nhint: did you mean `make`?"
    )


def test_a_file_must_not_hide_a_module(tmp_path):
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "json.py").write_text("")
    assert "json.py has the name of a module" in refused(folder, GOOD, modules=[folder / "json.py"])
    (folder / "not-a-name.py").write_text("")
    assert "not-a-name.py cannot be imported" in refused(
        tmp_path / "q", GOOD, modules=[folder / "not-a-name.py"]
    )
