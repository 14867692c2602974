"""Fakes shared by tests: kinds of step that need the standard library only, and a project of them."""

import sys
from pathlib import Path

# Step kinds of the tests are imported by name, also by workers; they live in one plain folder.
sys.path.insert(0, str(Path(__file__).parent / "fakes"))
