"""Replacing functions that a loaded shared library imports, in this process only.

A library calls functions of other libraries through slots of a table that the loader fills
(System V ABI, x86-64: relocations of type R_X86_64_JUMP_SLOT). `replace` overwrites slots;
no file changes, and no other library notices.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Iterator, Mapping
from typing import Any


class NoSuchImportError(LookupError):
    """The library does not import a function through a slot."""


def replace(library: ctypes.CDLL, functions: Mapping[str, Any]) -> None:
    """Have `library` call these ctypes callbacks in place of the functions it imports by name.

    NoSuchImportError, with nothing replaced, if it does not import one of them.
    """
    slots = dict(_slots(library))
    missing = functions.keys() - slots.keys()
    if missing:
        raise NoSuchImportError(", ".join(sorted(missing)))
    for name, function in functions.items():
        _alive.append(function)
        _overwrite(slots[name], ctypes.cast(function, ctypes.c_void_p).value or 0)


_alive: list[Callable[..., Any]] = []

# Tags of the dynamic section (elf.h).
_DT_PLTRELSZ, _DT_STRTAB, _DT_SYMTAB, _DT_JMPREL = 2, 5, 6, 23
_R_X86_64_JUMP_SLOT = 7
_RTLD_DI_LINKMAP = 2


class _LinkMap(ctypes.Structure):
    """The loader's record of a library (link.h)."""

    _fields_ = (
        ("base", ctypes.c_uint64),
        ("name", ctypes.c_char_p),
        ("dynamic", ctypes.c_uint64),
    )


class _Rela(ctypes.Structure):
    """A relocation (Elf64_Rela): the slot's offset, type (low half) and symbol (high half)."""

    _fields_ = (
        ("offset", ctypes.c_uint64),
        ("info", ctypes.c_uint64),
        ("addend", ctypes.c_int64),
    )


def _slots(library: ctypes.CDLL) -> Iterator[tuple[str, int]]:
    """Name of each function imported through a slot, and the slot's address."""
    record = ctypes.POINTER(_LinkMap)()
    found = ctypes.CDLL(None).dlinfo(
        ctypes.c_void_p(library._handle), _RTLD_DI_LINKMAP, ctypes.byref(record)
    )
    assert found == 0, "dlinfo refused a library that is loaded"
    base = record.contents.base
    tags = dict(_dynamic(record.contents.dynamic))

    def address(tag: int) -> int:
        # glibc has already added the base to these, other loaders have not.
        return tags[tag] if tags[tag] >= base else tags[tag] + base

    strings, symbols, table = address(_DT_STRTAB), address(_DT_SYMTAB), address(_DT_JMPREL)
    for at in range(table, table + tags[_DT_PLTRELSZ], ctypes.sizeof(_Rela)):
        rela = _Rela.from_address(at)
        if rela.info & 0xFFFFFFFF == _R_X86_64_JUMP_SLOT:
            # Elf64_Sym is 24 bytes and starts with the offset of its name.
            name = ctypes.c_uint32.from_address(symbols + 24 * (rela.info >> 32)).value
            yield ctypes.string_at(strings + name).decode(), base + rela.offset


def _dynamic(at: int) -> Iterator[tuple[int, int]]:
    while tag := ctypes.c_int64.from_address(at).value:
        yield tag, ctypes.c_uint64.from_address(at + 8).value
        at += 16


def _overwrite(slot: int, address: int) -> None:
    """Write a slot, which may lie in memory the loader has made read-only."""
    page = slot & ~(mmap.PAGESIZE - 1)
    writable = mmap.PROT_READ | mmap.PROT_WRITE
    failed = ctypes.CDLL(None).mprotect(
        ctypes.c_void_p(page), ctypes.c_size_t(mmap.PAGESIZE), writable
    )
    assert not failed, "the loader's table cannot be made writable"
    ctypes.c_uint64.from_address(slot).value = address
