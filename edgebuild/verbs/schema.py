"""`doit schema`: the JSON Schema of the manifests, for editors."""

from __future__ import annotations

import json

from edgebuild.verbs import Context


def run(context: Context) -> bool:
    from edgebuild.manifest.schema import schema

    context.say(json.dumps(schema(context.kinds), indent=2))
    return True
