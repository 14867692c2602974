"""What is wrong with a TFLite file: what its reader refuses, and ops that need somebody's library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgebuild.formats import tflite
from edgebuild.formats.flaws.flaw import Flaw, short

# Custom ops that TFLite itself brings (tensorflow/lite/kernels/custom_ops_register.h).
_OWN = frozenset({"TFLite_Detection_PostProcess", "AudioSpectrogram", "Mfcc", "NumericVerify"})


def flaws(path: Path) -> Iterator[Flaw]:
    """TfliteError where it is no sound file, or keeps weights in another."""
    found = tflite.load(path)
    for name in dict.fromkeys(op.type for op in found.ops if op.custom):
        if name not in _OWN:
            text = f"op `{short(name)}` is not TFLite's: a library has to bring it"
            yield Flaw(kind="outside", text=text)
