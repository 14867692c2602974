"""The stand-in lies beside the tests, which are no package."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from luxonis_standin import Service


@pytest.fixture
def service():
    made = Service()
    yield made
    made.stop()
