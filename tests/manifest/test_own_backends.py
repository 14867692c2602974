"""A model's `backends:` on a target take the place of the target's own."""


def test_a_models_backends_take_the_parameters_instead_of_the_targets(project):
    project.edit(
        (
            "  bar:\n    refused: its compiler has no GridSample\n",
            "  bar:\n    backends: [myriad_blob]\n    compile: {shaves: 2}\n",
        )
    )
    loaded = project.load()
    bar = loaded.models["gaze"].targets["bar"]
    assert (bar.own_backends, bar.compile) == (("myriad_blob",), {"shaves": 2})
    assert loaded.targets["bar"].backends_for(bar) == ("myriad_blob",)
    oak = loaded.models["gaze"].targets["oak"]
    assert (oak.own_backends, loaded.targets["oak"].backends_for(oak)) == ((), ("myriad_blob",))


def test_an_unknown_backend_has_a_suggestion(project, expect):
    project.edit(
        (
            "  bar:\n    refused: its compiler has no GridSample\n",
            "  bar:\n    backends: [myriad_blop]\n",
        )
    )
    assert project.error() == expect(
        """
        error: unknown backend `myriad_blop`
          --> manifests/models/gaze/manifest.yaml:42:16
           |
        42 |     backends: [myriad_blop]
           |                ^^^^^^^^^^^
        hint: did you mean `myriad_blob`? `doit kinds` shows all of them
        """
    )


def test_a_parameter_that_a_models_backends_need_is_asked_for(project, expect):
    project.edit(
        (
            "  oak:\n    recipe: [legalize]\n    compile: {input_precision: U8}\n",
            "  oak:\n    backends: [qnn_dlc]\n",
        ),
        ("      shaves: [1, 2]\n", ""),
        ("          compile: {input_precision: U8}\n", ""),
    )
    assert project.error() == expect(
        """
        error: backend `qnn_dlc` of target `oak` needs the compile parameter `io`
          --> manifests/models/gaze/manifest.yaml:22:3
           |
        22 |   oak:
           |   ^^^
        hint: add `compile: {io: ...}`
        """
    )
