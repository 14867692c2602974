"""Running one kind of step on given inputs, as the engine would."""

from edgebuild.step import Contract
from edgebuild.steps import examples


def run(module, folder, inputs, *, params=None, **facts):
    """Outputs of `module` by port. Facts that are contracts are given as such."""
    folder.mkdir(parents=True)
    plain = {k: v.to_json() if isinstance(v, Contract) else v for k, v in facts.items()}
    call = examples.call(folder, module.KIND, params=params, facts=plain, inputs=inputs)
    module.run(call)
    return call.outputs
