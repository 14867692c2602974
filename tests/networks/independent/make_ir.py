"""MODEL.onnx OUT.xml MEAN SCALE: an IR that takes raw pixels, with mean and scale (one for all) inside."""

import sys

import openvino
from openvino.preprocess import PrePostProcessor

source, target, mean, scale = sys.argv[1:]
steps = PrePostProcessor(openvino.Core().read_model(source))
steps.input(0).model().set_layout(openvino.Layout("NCHW"))
steps.input(0).preprocess().mean([float(mean)] * 3).scale([float(scale)] * 3)
openvino.save_model(steps.build(), target, compress_to_fp16=False)
