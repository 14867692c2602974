"""One figure of a metric, as the manifest's parameters ask."""

import importlib

import numpy as np

from edgebuild.params import parse_params
from edgebuild.steps import metrics


def arrays(group):
    return {name: np.asarray(values) for name, values in group.items()}


def module(name):
    return importlib.import_module(f"{metrics.__name__}.{name}")


def statistics(name, predictions, truth, **params):
    metric = module(name)
    made = parse_params(metric.METRIC.params, params)
    return metric.statistics(arrays(predictions), arrays(truth), made)


def measure(name, predictions, truth, times=None, **params):
    """Of all samples, each as often as `times` says, or once."""
    samples = len(next(iter(truth.values())))
    times = np.ones(samples, int) if times is None else times
    known = statistics(name, predictions, truth, **params)
    (figure,) = module(name).score(known, np.asarray(times)[None])
    return float(figure)
