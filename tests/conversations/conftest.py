"""Lets the conversations import their helper: `from conversation import Conversation`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
