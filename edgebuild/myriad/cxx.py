"""C++ objects laid out by hand, so that Python can call C++ functions of GCC's old library ABI.

The compiler's wheels are built for manylinux2014, whose libstdc++ still has the ABI of before
C++11 (`_GLIBCXX_USE_CXX11_ABI=0`), on x86-64:

    std::string     one pointer to the characters, zero-terminated; before them a header of
                    {length, capacity: 8 bytes each; reference count: 4; padding: 4}
    std::map        {8 unused; header node without a value: 32; number of nodes: 8}. The header's
                    parent is the root, its left and right the first and last node
    node of a map   {colour: 4 (0 red, 1 black); padding: 4; parent, left, right: 8 each; key;
                    value}
    shared_ptr      {the object, its counts: 8 bytes each}

A function that returns such an object takes the address for it as a hidden first argument, before
`this`. Addresses are plain ints here. What `allocate` returns lives until the process ends: the
process serves one compilation, and C++ must never see such memory freed.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator, Mapping

STRING_SIZE = 8
MAP_SIZE = 48

_alive: list[object] = []


def allocate(size: int) -> int:
    """Address of `size` zero bytes that are never freed."""
    buffer = ctypes.create_string_buffer(size)
    _alive.append(buffer)
    return ctypes.addressof(buffer)


def pointer_at(address: int) -> int:
    return ctypes.c_uint64.from_address(address).value


def string(text: str) -> int:
    """Address of a `std::string`."""
    data = text.encode()
    # C++ copies such a string by counting references; so many owners and it is never freed.
    header = struct.pack("<QQi4x", len(data), len(data), 1 << 20)
    characters = _write(header + data + b"\0") + len(header)
    return _write(struct.pack("<Q", characters))


def string_at(address: int) -> str:
    """Text of the `std::string` at an address."""
    characters = pointer_at(address)
    return ctypes.string_at(characters, pointer_at(characters - 24)).decode()


def string_map(items: Mapping[str, str]) -> int:
    """Address of a `std::map<std::string, std::string>`, for C++ to read or copy, not to change.

    The nodes form a chain to the right: sorted as a map must be, though not balanced.
    """
    address = allocate(MAP_SIZE)
    header = address + 8
    nodes: list[int] = []
    for key, value in sorted(items.items(), key=lambda item: item[0].encode()):
        parent = nodes[-1] if nodes else header
        strings = pointer_at(string(key)), pointer_at(string(value))
        node = _write(struct.pack("<i4x5Q", 1, parent, 0, 0, *strings))
        if nodes:
            ctypes.c_uint64.from_address(parent + 24).value = node
        nodes.append(node)
    first, last = (nodes[0], nodes[-1]) if nodes else (header, header)
    filled = struct.pack("<8xi4x4Q", 0, first if nodes else 0, first, last, len(nodes))
    ctypes.memmove(address, filled, MAP_SIZE)
    return address


def map_items(address: int) -> Iterator[tuple[str, int]]:
    """Each key of a `std::map<std::string, T>`, in order, with the address of its value."""

    def walk(node: int) -> Iterator[tuple[str, int]]:
        if node:
            yield from walk(pointer_at(node + 16))
            yield string_at(node + 32), node + 32 + STRING_SIZE
            yield from walk(pointer_at(node + 24))

    return walk(pointer_at(address + 16))


def _write(data: bytes) -> int:
    address = allocate(len(data))
    ctypes.memmove(address, data, len(data))
    return address
