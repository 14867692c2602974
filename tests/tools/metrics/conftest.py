"""scikit-learn lies beside the environment `metrics`: what the metrics are compared with."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(os.environ["EDGEBUILD_TOOLS_SKLEARN"])
