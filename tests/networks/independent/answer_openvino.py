"""MODEL.xml INPUTS ANSWERS ...: an IR's answers, by OpenVINO in float32."""

import sys

import numpy as np
import openvino

jobs = iter(sys.argv[1:])
for model, inputs, answers in zip(jobs, jobs, jobs, strict=True):
    compiled = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    feeds = dict(np.load(inputs))
    rows = [
        compiled({name: array[i] for name, array in feeds.items()}).to_tuple()
        for i in range(len(next(iter(feeds.values()))))
    ]
    names = [output.get_any_name() for output in compiled.outputs]
    found = dict(zip(names, zip(*rows, strict=True), strict=True))
    np.savez(answers, **{name: np.stack(arrays) for name, arrays in found.items()})
