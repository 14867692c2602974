"""The registry of the fake kinds in this folder, one module each as real ones are."""

from edgebuild.kinds import Kinds

NAMES = {
    "source": ("text",),
    "data": ("words",),
    "pass": ("tidy", "append", "calibrated"),
    "backend": ("upper", "reverse"),
    "runtime": ("oracle", "reader"),
    "check": ("contract", "length", "quality"),
    "training": ("wordy",),
}


def kinds(**changed):
    """By id; `changed` puts another module in a kind's place: `pass_append="other"`."""
    modules = {f"{r}/{n}": f"fake_{r}_{n}" for r, names in NAMES.items() for n in names}
    modules |= {name.replace("_", "/", 1): module for name, module in changed.items()}
    return Kinds(modules=modules, quality={"vowels": "fake_metric_vowels"})
