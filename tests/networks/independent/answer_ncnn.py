"""MODEL.param INPUTS ANSWERS ...: an NCNN network's answers, by NCNN in float32. Its .bin lies beside it."""

import sys

import ncnn
import numpy as np

jobs = iter(sys.argv[1:])
for model, inputs, answers in zip(jobs, jobs, jobs, strict=True):
    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    assert net.load_param(model) == 0
    assert net.load_model(model.removesuffix(".param") + ".bin") == 0
    found = {}
    for name, array in np.load(inputs).items():
        for sample in array:
            extractor = net.create_extractor()
            extractor.input(name, ncnn.Mat(np.ascontiguousarray(sample[0])))
            for output in net.output_names():
                found.setdefault(output, []).append(np.array(extractor.extract(output)[1])[None])
    np.savez(answers, **{name: np.stack(arrays) for name, arrays in found.items()})
