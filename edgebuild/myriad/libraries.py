"""The compiler's files inside the `myriad` tool environment, known by content.

The driver builds in how the libraries lay out their objects, so it calls no library but these: of
the wheel openvino 2021.4.2 for CPython 3.8, manylinux2014 x86-64 (Intel's EULA; never part of
this project), and libusb of the wheel libusb-package 1.0.30.0 (LGPL).
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from edgebuild import digest
from edgebuild.errors import EdgebuildError

VERSION = "2021.4.2"


class MyriadToolsError(EdgebuildError):
    """The compiler is missing, another one, or cannot run on this machine."""


@dataclass(frozen=True, kw_only=True)
class Libraries:
    """Checked files: the folder of the compiler's libraries, and libusb."""

    folder: Path
    libusb: Path


def locate(tools: Path) -> Libraries:
    """Find and check the libraries in an environment's folder. MyriadToolsError otherwise."""
    machine = f"{platform.system()} {platform.machine()}"
    if machine != "Linux x86_64":
        raise MyriadToolsError(f"the Myriad X compiler runs on Linux x86_64, this is {machine}")
    for name, sha256 in PINNED.items():
        try:
            found = digest.of_file(tools / name).hash
        except OSError as error:
            raise MyriadToolsError(
                f"the Myriad X compiler is not complete: {error.strerror}",
                fields={"file": name, "folder": str(tools)},
                hint="remove the tool environment `myriad` and have it installed again",
            ) from None
        if found != sha256:
            raise MyriadToolsError(
                f"`{name}` is not the file of OpenVINO {VERSION} this driver was written for",
                fields={"expected": sha256, "found": found, "folder": str(tools)},
                hint="remove the tool environment `myriad` and have it installed again",
            )
    return Libraries(folder=tools / _FOLDER, libusb=tools / _LIBUSB)


_FOLDER = "openvino/libs"
_LIBUSB = "libusb_package/libusb-1.0.so"

# Every file the compiler's process loads that is not the system's, with its sha256.
_FILES = f"""
{_FOLDER}/libinference_engine.so
    88cddc95a8d8a3a012cc9ae84d7ff8c5be4f6bb132a8241b0a0a4a6028558ae2
{_FOLDER}/libinference_engine_legacy.so
    a59f246eb9f73dd304e072d9656d524eb4f5cd77f13e18900880d547b868ee1e
{_FOLDER}/libinference_engine_onnx_reader.so
    bd8469afc96f5e9dc1ce53a7a3d230d63ce45da2a99bc1a3f8c17c5140b2754e
{_FOLDER}/libinference_engine_transformations.so
    3dd312a202c54d84ffdf09fb025a2f4641725eecd9c9c135dc2e3ff45a1dacfd
{_FOLDER}/libmyriadPlugin.so
    5e86f369acf01ce39af3fb514e2db436dae986643ef63f6e220f240491bc7e1c
{_FOLDER}/libngraph.so
    28a9e18d57703ecec01c3d8980a7b0c7e540edd4de7668bd14863b12761b47cf
{_FOLDER}/libonnx_importer.so
    52d0c87a8515af6d04e668b011f41c1c28ffd0ee9c89f6ee9ee46a6cdfa3a473
{_FOLDER}/libonnx_proto.so
    7f07f85897c474201750e8d7b537b8ddc09ba3c4ce40bed3f037f7e999050862
{_FOLDER}/libprotobuf.so.3.7.1.0
    3db09424b41befdc18177bdd2ca389a747dd9957977843dd0efeaa8beac9d8c1
{_FOLDER}/libtbb.so.2
    66137aa51b39a747ac9a5d1dcd36161b3ded09303ea02a3eb572c3dbe5a91daa
{_FOLDER}/libtbbmalloc.so.2
    4bc5340b800c956252b9e51c14e9600b57b65fc43a06d70ecf12ba6ace0e3ba8
{_FOLDER}/plugins.xml
    282bd0d944a6fb560df1c1d9ae4e608f87e576e426b350341aced8d301db9f0b
{_LIBUSB}
    a400da39c85672e81978adca7d5edf96b0403a0f93be9f976f1f2de59cf43b6d
"""
_WORDS = _FILES.split()
PINNED = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))
