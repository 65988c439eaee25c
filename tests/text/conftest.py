"""The tests of this folder share their reference by its name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
