"""From the YAML a person writes to typed, frozen manifests that know where each thing was written.

`load.load` reads a project, `schema.schema` is what editors complete manifests by, `model` has the
results. Nothing here is lenient: what cannot be understood exactly is refused, with its place.
"""
