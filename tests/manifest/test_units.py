"""Sizes with units."""

import pytest

from edgebuild.manifest.units import size_bytes


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        ("2 MB", 2_000_000),
        ("2MB", 2_000_000),
        ("1.5 MiB", 1_572_864),
        ("300 kB", 300_000),
        ("4 KiB", 4096),
        ("1 GB", 10**9),
        ("1 GiB", 2**30),
        ("7 B", 7),
        ("0.1 MB", 100_000),
    ],
)
def test_k_is_1000_and_ki_is_1024(text, bytes_):
    assert size_bytes(text) == bytes_


@pytest.mark.parametrize("text", ["2", "MB", "2 mb", "2 KB", "-2 MB", "1e3 MB", "2 MBi", ""])
def test_what_is_no_size(text):
    with pytest.raises(ValueError):
        size_bytes(text)
