"""Tools are installed when missing; licences are put before a person first, all of them, once."""

import pytest

from edgebuild.engine import toolbox
from edgebuild.engine.toolbox import Toolbox, ToolsMissing
from edgebuild.settings import Settings
from edgebuild.toolchains.licenses import LicenseNotAccepted, require
from edgebuild.toolchains.progress import Silent
from edgebuild.toolchains.tools import Tools


@pytest.fixture
def installed(monkeypatch):
    """Provisioning that installs nothing, but asks for licences as the real one does."""
    names = []

    def ensure(environment, folder, *, accept, wheelhouse, progress):
        require(environment.name, environment.license, accept)
        names.append(environment.name)
        return Tools(name=environment.name, folder=folder, python=folder, digest="d", installed={})

    monkeypatch.setattr(toolbox, "ensure", ensure)
    monkeypatch.setattr(toolbox, "present", lambda environment, folder: None)
    return names


def box(tmp_path, asked, answer, **settings):
    def ask(license):
        asked.append(license.id)
        return answer

    return Toolbox(settings=Settings(home=tmp_path, **settings), progress=Silent(), ask=ask)


def test_each_licence_is_asked_for_once_and_before_anything_is_downloaded(tmp_path, installed):
    asked = []
    box(tmp_path, asked, True).provide(["onnx", "myriad", "qnn"])
    assert asked == ["intel-openvino", "qualcomm-ai-stack"]
    assert installed == ["onnx", "myriad", "qnn"]


def test_a_licence_accepted_by_the_environment_is_not_asked_for(tmp_path, installed):
    asked = []
    accepted = frozenset({"intel-openvino"})
    box(tmp_path, asked, False, licenses=accepted).provide(["myriad"])
    assert (asked, installed) == ([], ["myriad"])


def test_a_licence_refused_is_an_error_that_says_how_to_accept(tmp_path, installed):
    with pytest.raises(LicenseNotAccepted) as caught:
        box(tmp_path, [], False).provide(["myriad"])
    assert "export EDGEBUILD_ACCEPT_LICENSES=intel-openvino" in str(caught.value)
    assert installed == []


def test_what_was_installed_is_there(tmp_path, installed):
    tools = box(tmp_path, [], True)
    assert tools.missing(["onnx"]) == ["onnx"]
    tools.provide(["onnx"])
    assert tools.missing(["onnx"]) == []
    assert tools.get("onnx").digest == "d"


def test_offline_installs_nothing_but_from_a_wheel_folder(tmp_path, installed):
    with pytest.raises(ToolsMissing, match="downloads are off: onnx"):
        box(tmp_path, [], True, offline=True).provide(["onnx"])
    assert installed == []
    box(tmp_path, [], True, offline=True, wheels=tmp_path).provide(["onnx"])
    assert installed == ["onnx"]
