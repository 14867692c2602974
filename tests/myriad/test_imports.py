"""Replacing what a library imports: refused, with nothing changed, for what it does not import."""

import ctypes

import pytest

from edgebuild.myriad import imports
from edgebuild.myriad.imports import NoSuchImportError


def test_a_function_that_is_not_imported_is_an_error():
    library = ctypes.CDLL("libstdc++.so.6")
    nothing = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 0)
    with pytest.raises(NoSuchImportError, match="no_such_function"):
        imports.replace(library, {"no_such_function": nothing})
