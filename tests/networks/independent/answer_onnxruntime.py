"""MODEL INPUTS ANSWERS ...: an ONNX file's answers, by ONNX Runtime."""

import sys

import numpy as np
import onnxruntime

onnxruntime.set_default_logger_severity(3)
jobs = iter(sys.argv[1:])
for model, inputs, answers in zip(jobs, jobs, jobs, strict=True):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    feeds = dict(np.load(inputs))
    rows = [
        session.run(names, {name: array[i] for name, array in feeds.items()})
        for i in range(len(next(iter(feeds.values()))))
    ]
    np.savez(
        answers, **{n: np.stack(a) for n, a in zip(names, zip(*rows, strict=True), strict=True)}
    )
