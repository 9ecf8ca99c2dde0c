"""What people are told of trouble, and in which order."""

from __future__ import annotations

from agent.recording.trouble import Troubles


def test_each_trouble_is_told_once_when_it_comes_and_once_when_it_has_gone() -> None:
    told: list[tuple[str, str]] = []
    troubles = Troubles(lambda severity, text: told.append((severity, text)))
    for _ in range(3):
        troubles.come("disk", "error", "The disk is full.")
    for _ in range(2):
        troubles.go("disk", "There is room again.")
    assert told == [("error", "The disk is full."), ("info", "There is room again.")]


def test_good_news_of_one_trouble_do_not_hide_the_worst_of_the_others() -> None:
    told: list[tuple[str, str]] = []
    troubles = Troubles(lambda severity, text: told.append((severity, text)))
    troubles.come("disk", "error", "The disk is full.")
    troubles.come("slow", "warning", "The disk is slow.")
    troubles.come("session", "warning", "session.yml is not up to date.")
    troubles.go("slow", "The disk is fast again.")
    assert told[-2:] == [("info", "The disk is fast again."), ("error", "The disk is full.")]
    troubles.go("disk", "There is room again.")
    assert told[-1] == ("warning", "session.yml is not up to date.")
    troubles.go("session", "session.yml is up to date again.")
    assert told[-1] == ("info", "session.yml is up to date again.")
