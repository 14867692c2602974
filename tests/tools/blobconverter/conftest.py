"""The stand-in lies beside the tests, which are no package."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from luxonis_standin import Service


def pytest_configure(config):
    # blobconverter leaves the model it sends open, which the garbage collector then tells.
    config.addinivalue_line("filterwarnings", "ignore::pytest.PytestUnraisableExceptionWarning")
    config.addinivalue_line("filterwarnings", "ignore::ResourceWarning")


@pytest.fixture
def service():
    made = Service()
    yield made
    made.stop()
