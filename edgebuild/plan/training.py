"""A model's training -> the graph of the one step that makes its weights."""

from __future__ import annotations

from edgebuild.kinds import Kinds
from edgebuild.manifest.model import Project
from edgebuild.plan.expand import UnknownName, unknown
from edgebuild.plan.graph import Graph
from edgebuild.plan.params import split_files
from edgebuild.step import Step


def expand_training(project: Project, model: str, kinds: Kinds) -> Graph:
    """The graph of one step that trains a model's weights. UnknownName if it has no training."""
    if model not in project.models:
        raise unknown("model", model, list(project.models))
    one = project.models[model]
    if one.training is None:
        raise UnknownName(
            f"model `{model}` declares no training",
            position=one.position,
            hint="`training: {file: train.py, function: train}` in its manifest",
        )
    plain, inputs, _ = split_files(kinds.get(one.training.kind).params, one.training.params)
    step = Step(
        id=f"{model}/training",
        kind=one.training.kind,
        params=plain,
        inputs=inputs,
        declared_at=one.training.position,
    )
    return Graph(steps={step.id: step}, variants=())
