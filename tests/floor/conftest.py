"""Lets the floor's tests use the conversations' helper: `from conversation import Conversation`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "conversations"))
