"""What a person reads when a manifest is not valid: the whole text of the main errors."""

import pytest

FILE = "manifests/models/gaze/manifest.yaml"


def test_an_unknown_pass(project, expect):
    project.edit(("  - simplify\n", "  - fold_constant: {}\n"))
    assert project.error() == expect("""
        error: unknown pass `fold_constant`
          --> manifests/models/gaze/manifest.yaml:19:5
           |
        19 |   - fold_constant: {}
           |     ^^^^^^^^^^^^^
        hint: did you mean `fold_constants`? `doit kinds` shows all of them
        """)


def test_an_unknown_pass_by_its_bare_name(project, expect):
    project.edit(("  - simplify\n", "  - simplfy\n"))
    assert project.error() == expect("""
        error: unknown pass `simplfy`
          --> manifests/models/gaze/manifest.yaml:19:5
           |
        19 |   - simplfy
           |     ^^^^^^^
        hint: did you mean `simplify`? `doit kinds` shows all of them
        """)


def test_a_pass_that_needs_parameters(project, expect):
    project.edit(("  - simplify\n", "  - embed_preprocessing\n"))
    assert project.error() == expect("""
        error: `embed_preprocessing` needs parameters: inputs
          --> manifests/models/gaze/manifest.yaml:19:5
           |
        19 |   - embed_preprocessing
           |     ^^^^^^^^^^^^^^^^^^^
        hint: write `embed_preprocessing: {inputs: ...}`
        """)


def test_an_unknown_target(project, expect):
    project.edit(("  bar:\n", "  bars:\n"))
    assert project.error() == expect("""
        error: unknown target `bars`
          --> manifests/models/gaze/manifest.yaml:41:3
           |
        41 |   bars:
           |   ^^^^
        hint: did you mean `bar`? there are: bar, oak
        """)


def test_an_unknown_metric(project, expect):
    project.edit(("quality.psnr_db", "quality.psnr"))
    assert project.error() == expect("""
        error: unknown metric `quality.psnr`
          --> manifests/models/gaze/manifest.yaml:27:7
           |
        27 |       quality.psnr: {min: 30, max_drop: 0.5}
           |       ^^^^^^^^^^^^
        hint: did you mean `quality.psnr_db`? `doit kinds` shows all of them
        """)


def test_a_kind_that_is_a_list(project):
    project.edit(("kind: model\n", "kind: [model]\n"))
    assert project.error().startswith("error: `kind` must be")


def test_an_unknown_source(project, expect):
    project.edit(("  torch:", "  pytorch:"))
    assert project.error() == expect("""
        error: unknown source `pytorch`
         --> manifests/models/gaze/manifest.yaml:7:3
          |
        7 |   pytorch: {file: network.py, class: Gaze, weights: weights.bin, exporter: dynamo, opset: 17}
          |   ^^^^^^^
        hint: did you mean `torch`? `doit kinds` shows all of them
        """)


def test_an_unknown_backend(project, expect):
    project.edit_target("myriad_blob", "myriad")
    assert project.error() == expect("""
        error: unknown backend `myriad`
         --> manifests/targets/oak.yaml:5:10
          |
        5 | backend: myriad
          |          ^^^^^^
        hint: did you mean `myriad_blob`? `doit kinds` shows all of them
        """)


def test_a_backend_that_nothing_can_run(project, kinds, expect):
    modules = {k: m for k, m in kinds.modules.items() if k != "runtime/host"}
    project.kinds = type(kinds)(modules=modules, quality=kinds.quality)
    (project.root / "manifests/targets/bar.yaml").unlink()
    project.edit(("  bar:\n    refused: its compiler has no GridSample\n", ""))
    assert project.error() == expect("""
        error: backend `myriad_blob` is run by the unknown runtime `host`
         --> manifests/targets/oak.yaml:5:10
          |
        5 | backend: myriad_blob
          |          ^^^^^^^^^^^
        hint: no runtime is installed
        """)


def test_an_unknown_field(project, expect):
    project.edit(("shape: [1, 2],", "shpae: [1, 2], shape: [1, 2],"))
    assert project.error() == expect("""
        error: unknown field `shpae` in `inputs.angle`
          --> manifests/models/gaze/manifest.yaml:10:11
           |
        10 |   angle: {shpae: [1, 2], shape: [1, 2], dtype: float16, unit: radian}
           |           ^^^^^
        hint: did you mean `shape`?
        """)


def test_an_unknown_field_like_no_other(project, expect):
    project.edit(("seed: 3}", "seed: 3, xyz: 1}"))
    assert project.error() == expect("""
        error: unknown field `xyz` in `training`
          --> manifests/models/gaze/manifest.yaml:17:77
           |
        17 | training: {file: train.py, function: train, modules: [network.py], seed: 3, xyz: 1}
           |                                                                             ^^^
        hint: fields here: file, function, modules, seed
        """)


def test_a_missing_field(project, expect):
    project.edit(("function: calibration, ", ""))
    assert project.error() == expect("""
        error: missing field `function` in `data.calibration`
          --> manifests/models/gaze/manifest.yaml:14:3
           |
        14 |   calibration: {file: data.py, samples: 128, seed: 7}
           |   ^^^^^^^^^^^
        hint: `function`: name of the function
        """)


def test_a_quoted_number_for_an_integer(project, expect):
    project.edit(("samples: 128", 'samples: "128"'))
    assert project.error() == expect("""
        error: `data.calibration.samples` must be a whole number, not the text "128"
          --> manifests/models/gaze/manifest.yaml:14:64
           |
        14 |   calibration: {file: data.py, function: calibration, samples: "128", seed: 7}
           |                                                                ^^^^^
        hint: remove the quotes: 128
        """)


WRONG_VALUES = [
    ("samples: 128", "samples: 0128", "`data.calibration.samples` must be a whole number, not the text "
     '"0128"', "a number that begins with 0 is read as text: leave the zeros out"),
    ("samples: 128", "samples: 128.0", "`data.calibration.samples` must be a whole number, not 128.0", None),
    ("samples: 128", "samples: 1e2", "`data.calibration.samples` must be a whole number, not 100.0", None),
    ("samples: 128", "samples: true", "`data.calibration.samples` must be a whole number, not true", None),
    ("samples: 128", "samples: 12:30:45", "`data.calibration.samples` must be a whole number, not the "
     'text "12:30:45"', None),
    ("samples: 128", "samples: 0", "`data.calibration.samples` must be at least 1, not 0", None),
    ("samples: 128", "samples:", "`data.calibration.samples` must be a whole number, not nothing",
     "give it a value (an empty mapping is `{}`), or remove it"),
    ("version: 1.2.0", "version: 1.2", "`version` must be text, not 1.2",
     "it must be a semantic version such as 1.2.0"),
    ("version: 1.2.0", "version: 2026-01-02", "`version` must be a semantic version such as 1.2.0, "
     "not `2026-01-02`", None),
    ("version: 1.2.0", 'version: "1.2.0\\n"', "`version` must be a semantic version such as 1.2.0, "
     "not `1.2.0?`", None),
    ("version: 1.2.0", "version: 01.2.0", "`version` must be a semantic version such as 1.2.0, "
     "not `01.2.0`", None),
    ("license: Apache-2.0", "license: 2", "`license` must be text, not 2", 'put quotes around it: "2"'),
    ("license: Apache-2.0", "license: no", None, None),
    ("exporter: dynamo", "exporter: dinamo", "`source.torch.exporter` must be one of `dynamo`, "
     "`torchscript`, not `dinamo`", "did you mean `dynamo`?"),
    ("opset: 17", "opset: 6", "`source.torch.opset` must be at least 7, not 6", None),
    ("inputs: [eyes]", "inputs: eyes", "`recipe[1].embed_preprocessing.inputs` must be a list, not the "
     'text "eyes"', "a list of one is written [eyes]"),
    ("shape: [1, 2]", "shape: [1, N]", '`inputs.angle.shape[1]` must be a whole number, not the text "N"', None),
    ("shape: [1, 2]", "shape: [1, 0]", "`inputs.angle.shape[1]` must be at least 1, not 0", None),
    ("angle: {", "an gle: {", "`an gle` in `inputs` is not a name of "
     "1 to 200 characters without spaces and back quotes", None),
    ("corrected:", "angle:", "`angle` is both an input and an output", "give one of them another name"),
    ("angle: {shape: [1, 2],", "angle: {shape: [1, 2], layout: NCHW,",
     "layout NCHW has 4 dimensions, the shape of `inputs.angle` 2", "`layout: other` fits any shape"),
    ("mean: [0.5, 0]", "mean: [0.5, 0, 1]", "`inputs.eyes.mean` has 3 values and needs 1 or 2",
     "layout NCHW says that axis 1 of [1, 2, 48, 64] has the channels, 2 of them"),
    ("unit: radian", "mean: [1, 2]", "`inputs.angle.mean` has 2 values and needs 1, as its layout names "
     "no channels", None),
    ("scale: [0.5, 1]", "scale: [0, 1]", "`inputs.eyes.scale` divides by 0", None),
    ("  - simplify\n", "  - simplify: {a: 1}\n", "unknown field `a` in `recipe[0].simplify`",
     "there are no fields here"),
    ("  - simplify\n", "  - 5\n", "`recipe[0]` must be text or a mapping, not 5", None),
    ("  - simplify\n", "  - {}\n", "`recipe[0]` must not be empty",
     "one of: embed_preprocessing, fold_constants, legalize, quantize, simplify"),
    ("  - simplify\n", "  - {simplify: {}, legalize: {}}\n", "`recipe[0]` must have at most 1 entry, not 2", None),
    ("parity.sqnr_db: {min: 40}", "parity.sqnr_db: {}", "`targets.oak.accept.parity.sqnr_db` must have at "
     "least one of `min`, `max`, `max_drop`", None),
    ("parity.sqnr_db: {min: 40}", "parity.sqnr_db: 40", "`targets.oak.accept.parity.sqnr_db` must be a mapping, "
     "not 40", "write {min: 40} or {max: 40}"),
    ("parity.sqnr_db: {min: 40}", "parity.sqnr_db:", "`targets.oak.accept.parity.sqnr_db` must be a mapping, "
     "not nothing", "write {min: ...} or {max: ...}"),
    ("parity.sqnr_db: {min: 40}", "parity.sqnr_db: {max: 40}", "`parity.sqnr_db` is better the higher: with `max` "
     "alone the worst passes", "write `min: 40`"),
    ("{min: 30, max_drop: 0.5}", "{max: 30, max_drop: 0.5}", None, None),
    ("max: 2 MB", "min: 2 MB", "`size.bytes` is better the lower: with `min` alone the worst passes",
     "write `max: 2 MB`"),
    ("max: 2 MB", "min: 1 MB, max: 2 MB", None, None),
    ("{min: 30, max_drop: 0.5}", "{min: 30, max: 20}", "no value of `quality.psnr_db` is at least 30 and at most 20", None),
    ("{min: 30, max_drop: 0.5}", "{min: 30, peek: 255}", "unknown field `peek` in `targets.oak.accept.quality.psnr_db`",
     "did you mean `peak`?"),
    ("{min: 30, max_drop: 0.5}", "{min: 30, peak: high}",
     "`targets.oak.accept.quality.psnr_db.peak` must be a number, not the text \"high\"", None),
    ("{min: 30, max_drop: 0.5}", "{min: 30, peak: -1}",
     "`targets.oak.accept.quality.psnr_db.peak` must be at least 0, not -1", None),
    ("{min: 30, max_drop: 0.5}", "{peak: 255}", "`targets.oak.accept.quality.psnr_db` must have at "
     "least one of `min`, `max`, `max_drop`", None),
    ("parity.sqnr_db: {min: 40}", "parity.sqnr_db: {min: 40, peak: 2}",
     "unknown field `peak` in `targets.oak.accept.parity.sqnr_db`", "fields here: confidence, evidence, max, max_drop, min"),
    ("parity.sqnr_db: {min: 40}", "parity.sqnr_db: {min: 40, confidence: 0.95}",
     "nothing says how sure a figure of `parity.sqnr_db` is",
     "`confidence` can be asked for of quality metrics, whose samples are drawn again"),
    ("max_drop: 0.5", "confidence: 0.9999", "`targets.oak.accept.quality.psnr_db.confidence` must be at most 0.998, "
     "not 0.9999", None),
    ("max_drop: 0.5", "confidence: 95", "`targets.oak.accept.quality.psnr_db.confidence` must be at most 0.998, "
     "not 95", None),
    ("max_drop: 0.5", "confidence: 0.05", "`targets.oak.accept.quality.psnr_db.confidence` must be at least 0.5, "
     "not 0.05", None),
    ("{min: 30, max_drop: 0.5}", "{confidence: 0.95}", "`targets.oak.accept.quality.psnr_db` must have at "
     "least one of `min`, `max`, `max_drop`", None),
    ("max_drop: 0.5", "max_drop: -1", "`targets.oak.accept.quality.psnr_db.max_drop` must be at least 0, not -1", None),
    ("{min: 40}", "{min: .nan}", "`.nan` is not a finite number", None),
    ("{min: 40}", "{min: 2 MB}", '`targets.oak.accept.parity.sqnr_db.min` must be a number, not the text "2 MB"', None),
    ("max: 2 MB", "max: 2 Mb", "`targets.oak.accept.size.bytes.max` must be a size such as 2 MB (B, kB, "
     "MB, GB or KiB, MiB, GiB), not `2 Mb`", None),
    ("[device, estimated]", "[device, guess]", "`targets.oak.accept.latency.ms_p95.evidence[1]` must be one "
     "of `device`, `emulated`, `host`, `estimated`, not `guess`", None),
    ("[device, estimated]", "[]", "`targets.oak.accept.latency.ms_p95.evidence` must not be empty", None),
    ("expires: 2026-12-31", "expires: 2026-02-30", "there is no day `2026-02-30`", None),
    ("expires: 2026-12-31", "expires: soon", "`targets.oak.waivers[0].expires` must be a date such as "
     "2026-12-31, not `soon`", None),
    ("metric: size.bytes", "metric: size.byte", "unknown metric `size.byte`",
     "did you mean `size.bytes`? `doit kinds` shows all of them"),
    ("compile: {input_precision: U8}\n    accept", "compile: {input_precison: U8}\n    accept",
     "unknown compile parameter `input_precison`",
     "did you mean `input_precision`? there are: input_precision, io, shaves"),
    ("compile: {input_precision: U8}\n    accept", "compile: {io: float}\n    accept",
     "no backend of target `oak` (`myriad_blob`) has a parameter `io`",
     "parameters: input_precision, shaves"),
    ("shaves: [1, 2]", "shaves: [1, 17]", "`targets.oak.matrix.shaves[1]` must be at most 16, not 17", None),
    ("shaves: [1, 2]", "shaves: [1, 1]", "`1` is there twice",
     "a variant is called by its value; `{label: {compile: ...}}` names it"),
    ("shaves: [1, 2]", "shaves: []", "`targets.oak.matrix.shaves` must not be empty", None),
    ("shaves: [1, 2]", "shave: [1, 2]", "no backend of target `oak` (`myriad_blob`) has a parameter `shave`",
     "did you mean `shaves`?"),
    ("compile: {input_precision: U8}\n    accept", "compile: {shaves: 3}\n    accept",
     "`shaves` is set by `compile` and by `shaves`", "let one of them set it"),
    ("fp16: {}", "fp16: {compile: {shaves: 4}}", "`shaves` is set by `shaves` and by `precision`", "let one of them set it"),
    ("fp16: {}", "f/16: {}", "`f/16` in `targets.oak.matrix.precision` is not a name of letters, digits, "
     "`-`, `_` and `.`", None),
    ("refused: its", "accept: {size.bytes: {max: 1}}\n    refused: its", "`refused` and `accept` contradict "
     "each other", "a refused model is not built: nothing of it can be accepted"),
    ("refused: its compiler has no GridSample", "recipe: []", "backend `qnn_dlc` of target `bar` needs the "
     "compile parameter `io`", "add `compile: {io: ...}`"),
    ("  calibration: {file: data.py, function: calibration, samples: 128, seed: 7}\n", "",
     "pass `quantize` needs calibration data, and none is declared",
     "declare `data: {calibration: {file: ..., function: ...}}`"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message", "hint"), WRONG_VALUES)
def test_a_wrong_value(project, old, new, message, hint):
    project.edit((old, new))
    if message is None:
        project.load()
        return
    lines = project.error().splitlines()
    assert lines[0] == f"error: {message}"
    assert [line for line in lines if line.startswith("hint: ")] == (
        [f"hint: {hint}"] if hint else []
    )
    assert lines[1].strip().startswith(f"--> {FILE}:")


def test_a_sha256_of_digits_alone_stays_text(project):
    digest = "1" * 64
    project.edit(
        (
            "weights: weights.bin",
            f"weights: {{url: https://x.org/w, sha256: {digest}, size_bytes: 9}}",
        )
    )
    assert project.load().models["gaze"].source.params["weights"].sha256 == digest


def test_a_source_too_many(project):
    project.edit(("source:\n", "source:\n  onnx: {model: weights.bin}\n"))
    assert "`source` must have at most 1 entry, not 2" in project.error()


def test_a_target_has_one_backend_or_several(project, expect):
    project.edit_target("backend: myriad_blob\n", "backend: myriad_blob\nbackends: [onnx]\n")
    assert project.error() == expect("""
        error: a manifest must have exactly one of `backend`, `backends`
         --> manifests/targets/oak.yaml:1:1
          |
        1 | kind: target
          | ^
        """)


def test_unknown_instruction_set(project, expect):
    project.edit_target("budget: {frame_rate_fps: 30}", "isa: avx2")
    assert project.error() == expect("""
        error: `isa` must be one of `SSE41`, `AVX`, `AVX2`, `AVX2_VNNI`, `AVX512_CORE`, `AVX512_CORE_VNNI`, `AVX512_CORE_BF16`, `AVX512_CORE_FP16`, `AVX512_CORE_AMX`, not `avx2`
         --> manifests/targets/oak.yaml:7:6
          |
        7 | isa: avx2
          |      ^^^^
        hint: did you mean `AVX2`?
        """)


def test_unknown_firmware(project, expect):
    project.edit_target("firmware: {openvino:", "firmware: {openvno:")
    assert project.error() == expect("""
        error: unknown firmware `openvno`
         --> manifests/targets/oak.yaml:6:12
          |
        6 | firmware: {openvno: ">=2020.3,<=2022.1"}
          |            ^^^^^^^
        hint: did you mean `openvino`? there are: blob, dlc, onnx_ir, onnx_opset, openvino, openvino_ir, openvino_opset, qnn
        """)


def test_firmware_about_artifacts_that_the_target_does_not_get(project, expect):
    project.edit_target("{openvino:", "{qnn:")
    assert project.error() == expect("""
        error: firmware `qnn` is about artifacts that this target does not get
         --> manifests/targets/oak.yaml:6:12
          |
        6 | firmware: {qnn: ">=2020.3,<=2022.1"}
          |            ^^^
        hint: it is about dlc files, which `myriad_blob` does not make
        """)


def test_a_waiver_that_nothing_can_need(project, expect):
    project.edit(("      size.bytes: {max: 2 MB}\n", ""))
    assert project.error() == expect("""
        error: no gate is about `size.bytes`, so there is nothing to waive
          --> manifests/models/gaze/manifest.yaml:30:18
           |
        30 |       - {metric: size.bytes, reason: new camera, owner: ada, expires: 2026-12-31}
           |                  ^^^^^^^^^^
        hint: remove the waiver, or accept by the metric
        """)


def test_a_waiver_may_be_of_a_gate_that_one_value_of_the_matrix_has(project):
    project.edit(
        ("      size.bytes: {max: 2 MB}\n", ""),
        ("            parity.sqnr_db: {min: 25}", "            size.bytes: {max: 1 MB}"),
    )
    assert project.load().models["gaze"].targets["oak"].waivers[0].metric == "size.bytes"


TARGET_WRONG_VALUES = [
    ('openvino: ">=2020.3,<=2022.1"', "openvino: 2022.1", "`firmware.openvino` must be text, not 2022.1"),
    ('openvino: ">=2020.3,<=2022.1"', "openvino: newest", "`firmware.openvino` must be a range of versions "
     'such as ">=2.40,<=2.51", not `newest`'),
    ("frame_rate_fps: 30", "frame_rate_fps: -1", "`budget.frame_rate_fps` must be more than 0, not -1"),
    ("bandwidth_gb_s: 10.5", "bandwidth_gb_s: 0", "`roofline.bandwidth_gb_s` must be more than 0, not 0"),
    (", source: a data sheet", "", "missing field `source` in `roofline`"),
    ("vendor: Intel, ", "", "missing field `vendor` in `device`"),
    ("poe: false", "poe: [a]", "`device.poe` must be text or a number or true or false, not a list"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), TARGET_WRONG_VALUES)
def test_a_wrong_value_of_a_target(project, old, new, message):
    project.edit_target(old, new)
    assert project.error().startswith(f"error: {message}\n")


def test_a_matrix_with_too_many_variants(project):
    labels = ", ".join(f"v{i}: {{}}" for i in range(1001))
    project.edit(("      shaves: [1, 2]\n", f"      much: {{{labels}}}\n"))
    assert "the matrix has 2,002 variants, more than 1,000" in project.error()


def test_what_cannot_be_read_has_one_problem_not_two(project):
    project.edit(("samples: 128", "samples: .inf"), ("opset: 17", "opset: !!int 3"))
    assert "2 problems found" in project.errors()
