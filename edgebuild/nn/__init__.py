"""Layers of torch networks that suit edge devices; import the module you need, `edgebuild.nn.warp`.

Each module names the paper or the chip its layer comes from, and each layer exports to plain ONNX
operations; `edgebuild.nn.training` is what trainings share. The build system itself imports nothing
of it: torch is needed only where a manifest's own network is exported or trained.
"""
