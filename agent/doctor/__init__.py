"""`studio doctor`: everything is tried for real, and what does not work comes with its remedy."""

from agent.doctor.examination import examine
from agent.doctor.findings import Finding

__all__ = ["Finding", "examine"]
