"""The stand-in lies beside the tests, which are no package."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from aihub_standin import TOKEN, Service


@pytest.fixture
def service():
    made = Service()
    yield made
    made.stop()


@pytest.fixture
def configured(service, tmp_path, monkeypatch):
    """A user whose token the service knows; the value is the file that has it."""
    file = tmp_path / "client.ini"
    file.write_text(
        f"[api]\napi_token = {TOKEN}\napi_url = {service.url}\nweb_url = {service.url}\n"
        "verbose = True\n"
    )
    monkeypatch.setenv("QAIHUB_CLIENT_INI", str(file))
    return file
