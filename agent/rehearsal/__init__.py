"""A whole show without a person: recorded speech as a host, over real WebRTC, in a real room."""

from agent.rehearsal.rehearse import Report, rehearse

__all__ = ["Report", "rehearse"]
