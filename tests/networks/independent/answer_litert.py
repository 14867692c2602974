"""MODEL INPUTS ANSWERS ...: a TFLite file's answers as real values, by LiteRT."""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

jobs = iter(sys.argv[1:])
for model, inputs, answers in zip(jobs, jobs, jobs, strict=True):
    interpreter = Interpreter(model, num_threads=2)
    interpreter.allocate_tensors()
    places = {d["name"]: d["index"] for d in interpreter.get_input_details()}
    found = {}
    for name, array in np.load(inputs).items():  # all of these networks have one input
        for sample in array:
            interpreter.set_tensor(places[name], sample)
            interpreter.invoke()
            for detail in interpreter.get_output_details():
                value = interpreter.get_tensor(detail["index"])
                scale, zero = detail["quantization"]
                if scale:
                    value = ((value.astype(np.float64) - zero) * scale).astype(np.float32)
                found.setdefault(detail["name"], []).append(value)
    np.savez(answers, **{name: np.stack(arrays) for name, arrays in found.items()})
