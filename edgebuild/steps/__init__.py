"""Every kind of step, one module each: sources, data, passes, backends, runtimes, probes, checks, metrics.

Ports, wired by name (a kind's `consumes` and `produces`):

    model         ONNX; what a source makes, each pass replaces, a backend compiles
    source_model  ONNX as the source gave it, canonical, before the recipe: the truth to compare with
    source.*      files that the source names, as they are
    released      what was released of the model (edgebuild.formats.released), if something was
    trained_weights, training_record
                  of a model with a `training`: its weights, and the record that its training wrote
    calibration   dataset (edgebuild.formats.dataset) for quantisation
    evaluation    dataset for checks
    source_xml, source_bin, source_tflite
                  of a source that is no ONNX, what its runtime executes; there is no `model` then
    <artifact>    what a backend makes: `onnx`, `xml` + `bin`, `blob`, `dlc`; or is given: also `tflite`,
                  `param` + `weights`
    names         JSON, of a given artifact: what it calls the contract's inputs and outputs
                  (edgebuild.formats.naming)
    contract      JSON, a backend's: inputs and outputs as the artifact's own bytes say
                  (edgebuild.step.Contract.to_json)
    placement     JSON, a backend's: where each op or stage runs (edgebuild.formats.placement)
    expected      dataset: source_model's answers on `evaluation`
    actual        dataset: the artifact's answers on `evaluation`, by the backend's runtime
    optimised     dataset, a probe's: answers on `evaluation` of the model that the backend compiles
    weakest       dataset: the artifact's answers by no more than the target's `isa`, by a runtime that can be
                  held to it; or of group `unproven`: why there are none
    costs         JSON, a probe's: operations, bytes and estimated time of each layer
                  (edgebuild.formats.costs)
    layers        JSON, a probe's: how far each layer of the artifact is from the source's
                  (edgebuild.formats.layers)
    timings       JSON, a probe's: how long a frame takes, and how that was obtained
                  (edgebuild.formats.timings)
    myriad_device JSON, a probe's: which Myriad X is attached
    ranges        JSON, a runtime's or probe's: the range of each value, and what of it is lost
    gallery       JSON, a probe's: a few samples with both answers as pictures (edgebuild.formats.gallery)
    trials        dataset, a probe's: source_model's answers with one thing changed each
                  (edgebuild.formats.hypotheses)
    diagnosis     JSON, a probe's: what could explain that a gate failed; run only then
    measurements  JSON, a check's (edgebuild.formats.measurements)

A port that only checks, probes and reports read is made by the probe that the backend names for it
(`StepKind.probes`), else by the probe that has the port's name, else not at all.

A dataset's values are raw: as the camera or microphone gives them, before mean and scale, in the
layout and colour order of the manifest's `inputs`. A runtime brings them into the form
that the contract of the model it runs asks for.
"""
