"""Is it a turn? An "mm-hm", a cough, "go on", "stop" and "right, but..." told apart by words and by sound.

Words come first where the recogniser is sure of them. It is not of sounds that are no words: whisper writes "MMA" for
an "mm-hm" and "Thank you." for a cough, with a low log-probability, a high no-speech probability and little time, so
these decide about words that could as well have been read into a noise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from agent.floor.doubt import turn_probability
from agent.floor.events import Evidence
from agent.floor.rules import Rules
from agent.floor.words import AGREEMENT, GO_ON, GO_ON_SAID, HALLUCINATED, HALT, HALT_SAID, REPAIR, UNDECIDED, VOCAL


class Verdict(StrEnum):
    UNDECIDED = "undecided"  # words that may still become either: "right" (", but ...")
    TURN = "turn"
    HALT = "halt"  # "wait", "stop": takes the floor, and nobody need answer
    BACKCHANNEL = "backchannel"
    NOISE = "noise"
    ECHO = "echo"  # an AI's own words, from a loudspeaker
    GO_ON = "go_on"


@dataclass(frozen=True, slots=True)
class Setting:
    """What the words fell into: the same "yes" is a backchannel over a voice and an answer in a silence."""

    over: bool = False  # somebody else was speaking, or an answer was being prepared
    after_question: bool = False  # the last thing an AI said was a question, and the floor is the human's
    name: bool = False  # somebody is addressed by name, which is a turn whatever else is said


_WHAT = re.compile(r"(?:oh,? |uh,? |um,? )?(?:i'm )?(?:sorry|excuse me|pardon me)\s*\?")
_SOUND_MARK = re.compile(r"[\[(*♪][^\])*♪]*[\])*♪]|♪")
_LAUGH = re.compile(r"^(?:[bm]?(?:[hj]?[aeio]{1,3}[hj])+[aeio]*|(?:ha|he|hi|ho|heh|hah)+|l+o+l+)$")
_HUM = re.compile(r"^(?:[hmn]+|m+[- ]?h+[au]*m*|u+h+m*|a+h+|o+h+|e+r+m*)$")


@lru_cache(maxsize=2048)
def spoken(text: str) -> tuple[str, ...]:
    """The words of a recogniser's text as they are compared: lower case, no punctuation, no "[laughter]"."""
    plain = _SOUND_MARK.sub(" ", text.lower().replace("’", "'"))
    return tuple(re.findall(r"[^\W_]+(?:'[a-z]+)?", plain))


def same_words(one: str, other: str) -> bool:
    """Whether two texts say the same, punctuation and case apart: a reply prepared on the one answers the other."""
    return spoken(one) == spoken(other)


def judge(text: str, evidence: Evidence | None, setting: Setting, rules: Rules, *, final: bool) -> Verdict:
    """What an utterance is, as far as it has been heard.

    Args:
        text: the words so far; names by which somebody was addressed may still be in it.
        evidence: its sound, or None when unknown.
        final: the human has fallen silent. Otherwise more words may come, and a "right" is left undecided.
    """
    said = spoken(text)
    if setting.name and not said:
        return _call(evidence, setting, rules)
    if evidence is not None and _is_no_voice(said, evidence, rules):
        return Verdict.NOISE
    if not said:
        return Verdict.NOISE if final else Verdict.UNDECIDED
    by_words = _by_words(said, setting)
    if not final:
        sure = by_words is Verdict.HALT or (by_words is Verdict.TURN and not UNDECIDED.may_make(said))
        return by_words if sure else Verdict.UNDECIDED
    if by_words is Verdict.HALT and _WHAT.fullmatch(text.strip().lower()):
        return Verdict.TURN  # "Sorry?" asks for it again, "Sorry." asks for the floor
    if evidence is not None and evidence.speech_s < rules.turn_after_s:
        return _by_sound(said, by_words, evidence, setting, rules)
    return by_words


def _call(evidence: Evidence | None, setting: Setting, rules: Rules) -> Verdict:
    """ "Claude?", and not a word more. The recogniser, told of the names, is apt to read them into a mumble."""
    guessed = evidence is not None and evidence.average_log_probability < rules.doubtful_log_probability
    return Verdict.BACKCHANNEL if guessed and setting.over else Verdict.TURN


def is_open(said: tuple[str, ...], setting: Setting) -> bool:
    """Whether the words alone do not tell: they are no known phrase, and may be a sound that was read as words."""
    return bool(said) and not (setting.name or said in REPAIR) and _by_words(said, setting) is Verdict.TURN


def _is_no_voice(said: tuple[str, ...], evidence: Evidence, rules: Rules) -> bool:
    read_into_it = len(said) > rules.words_a_second * evidence.speech_s + 1.0
    return evidence.speech_s < rules.click_s or evidence.level_dbfs < rules.background_dbfs or read_into_it or not said


def _by_sound(said: tuple[str, ...], by_words: Verdict, evidence: Evidence, setting: Setting, rules: Rules) -> Verdict:
    """Short words, once more, with how they sounded."""
    unsure = evidence.average_log_probability < rules.doubtful_log_probability
    unvoiced = evidence.no_speech_probability > rules.doubtful_no_speech
    if (unsure or unvoiced) and said in HALLUCINATED and not setting.after_question:
        return Verdict.NOISE
    if is_open(said, setting):
        if setting.over and evidence.average_log_probability < rules.lost_log_probability:
            return Verdict.BACKCHANNEL
        other = spoken(evidence.also_read)
        if other and _by_words(other, setting) is Verdict.BACKCHANNEL:
            return Verdict.BACKCHANNEL  # "Yeah, so tell me." to one reader, "Yeah, totally." to the other
        least = rules.turn_probability if setting.over else rules.turn_probability_in_silence
        if setting.after_question and not setting.over:
            return by_words  # whatever it was, it was an answer
        return by_words if turn_probability(said, evidence) >= least else Verdict.BACKCHANNEL
    return by_words


def _by_words(said: tuple[str, ...], setting: Setting) -> Verdict:
    if HALT_SAID.make(said) and HALT.within(said):
        return Verdict.HALT
    if GO_ON_SAID.make(said) and GO_ON.within(said):
        return Verdict.GO_ON
    if setting.name or said in REPAIR:
        return Verdict.TURN
    if VOCAL.make(said) or all(_LAUGH.match(word) or _HUM.match(word) for word in said):
        return Verdict.TURN if setting.after_question and not setting.over else Verdict.BACKCHANNEL
    if setting.over and AGREEMENT.make(said):  # "no" is none, but "oh no" and "no way" are
        return Verdict.BACKCHANNEL
    return Verdict.TURN
