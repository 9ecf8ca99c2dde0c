"""LiveKit's room as the show sees it: people who are heard, seats of the AIs, captions, commands."""
