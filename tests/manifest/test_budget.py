"""What a target's `budget:` may say, and what a person reads where it says something else."""

from edgebuild.step import Limit, Waiver

FULL = """\
budget:
  frame_rate_fps: 30
  memory_bandwidth_mb_per_frame: 80.5
  weight_memory_mb: 6
  activation_memory_mb: 2
  variants: {gaze: "shaves-2,precision-int8"}
waivers:
  - {metric: budget.weight_memory_mb, reason: new camera, owner: ada, expires: 2026-12-31}
"""
LINE = "budget: {frame_rate_fps: 30}\n"


def test_a_budget_is_read_with_its_choice_of_variants_and_its_waivers(project):
    project.edit_target(LINE, FULL)
    found = project.load().targets["oak"].budget
    assert found.limits == (
        Limit(metric="budget.frame_rate_fps", min=30),
        Limit(metric="budget.memory_bandwidth_mb_per_frame", max=80.5),
        Limit(metric="budget.weight_memory_mb", max=6),
        Limit(metric="budget.activation_memory_mb", max=2),
    )
    assert found.variants == {"gaze": "shaves-2,precision-int8"}
    assert found.waivers == (
        Waiver(metric="budget.weight_memory_mb", reason="new camera", owner="ada", expires="2026-12-31"),
    )  # fmt: skip
    assert str(found.limits[2].declared_at) == "manifests/targets/oak.yaml:10:3"


def test_an_unknown_budget(project, expect):
    project.edit_target("frame_rate_fps", "framerate_fps")
    assert project.error() == expect("""
        error: unknown budget `framerate_fps`
         --> manifests/targets/oak.yaml:7:10
          |
        7 | budget: {framerate_fps: 30}
          |          ^^^^^^^^^^^^^
        hint: did you mean `frame_rate_fps`? there are: activation_memory_mb, frame_rate_fps, \
memory_bandwidth_mb_per_frame, variants, weight_memory_mb
        """)


def test_a_model_that_is_not_on_the_target(project, expect):
    project.edit_target(LINE, "budget: {variants: {gazes: none}}\n")
    assert project.error() == expect("""
        error: no model `gazes` is built for target `oak`
         --> manifests/targets/oak.yaml:7:21
          |
        7 | budget: {variants: {gazes: none}}
          |                     ^^^^^
        hint: did you mean `gaze`?
        """)


def test_a_variant_that_a_model_has_not(project, expect):
    project.edit_target(LINE, "budget: {variants: {gaze: shaves-3}}\n")
    assert project.error() == expect("""
        error: model `gaze` has no variant `shaves-3` on target `oak`
         --> manifests/targets/oak.yaml:7:27
          |
        7 | budget: {variants: {gaze: shaves-3}}
          |                           ^^^^^^^^
        hint: there are: shaves-1,precision-fp16, shaves-1,precision-int8, shaves-2,precision-fp16, \
shaves-2,precision-int8, none
        """)


def test_a_waiver_of_what_no_budget_has(project):
    project.edit_target(LINE, FULL.replace("metric: budget.weight_memory_mb", "metric: size.bytes"))
    assert project.error().startswith("error: unknown metric `size.bytes`\n")


def test_a_waiver_of_a_line_that_the_budget_has_not(project, expect):
    waiver = "{metric: budget.weight_memory_mb, reason: x, owner: y, expires: 2030-01-01}"
    project.edit_target(LINE, f"{LINE}waivers: [{waiver}]\n")
    assert project.error() == expect(f"""
        error: no line of the budget is about `budget.weight_memory_mb`, so there is nothing to waive
         --> manifests/targets/oak.yaml:8:20
          |
        8 | waivers: [{waiver}]
          |                    ^^^^^^^^^^^^^^^^^^^^^^^
        hint: remove the waiver, or add the line to `budget:`
        """)
