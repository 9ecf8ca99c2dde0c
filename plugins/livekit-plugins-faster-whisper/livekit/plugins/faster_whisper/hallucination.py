"""Telling speech from what Whisper makes of silence, noise and coughs.

Whisper was trained on subtitles, so it captions silence with what stands at the end of films: "Thank you for
watching", "Subtitles by ...", or a bare "you". Somebody may also really say "thank you": so a known phrase alone
proves nothing; it falls when the sound gives it too little ground.
"""

from __future__ import annotations

import re

from .doubt import LETTERS_PER_S_MAX, letters, words

# OpenAI's no_speech_threshold and logprob_threshold (whisper/transcribe.py): both together mean silence.
NO_SPEECH = 0.6
LOG_PROBABILITY = -1.0

# A shorter form of the lists that Whisper's users keep (openai/whisper discussions 928, 679); lower case, no
# punctuation.
_PHRASES = frozenset(
    """
    you
    the
    oh
    bye
    bye bye
    so
    hmm
    thank you
    thanks
    thank you very much
    thank you so much
    thank you for watching
    thanks for watching
    thank you for watching this video
    thank you for listening
    thanks for listening
    please subscribe
    please subscribe to my channel
    subscribe
    like and subscribe
    don't forget to like and subscribe
    see you next time
    see you in the next video
    i'll see you in the next video
    i'll see you next time
    we'll be right back
    the end
    i'm sorry
    okay
    music
    music playing
    applause
    laughter
    silence
    subtitles by the amara.org community
    subtitles by the amara org community
    transcription by castingwords
    untertitel im auftrag des zdf für funk 2017
    untertitel der amara.org-community
    sous-titres réalisés par la communauté d'amara.org
    merci d'avoir regardé cette vidéo
    vielen dank
    vielen dank fürs zuschauen
    gracias por ver el video
    ご視聴ありがとうございました
    谢谢观看
    """.strip().splitlines()
)
PHRASES = frozenset(" ".join(words(phrase)) for phrase in _PHRASES)

_LAUGHS = frozenset(["ha", "haha", "hahaha", "hahahaha", "heh", "hehe", "hehehe", "hee"])
# What else the small models write for one, several times: to a word, of many synthetic laughs
_LAUGHS_MISREAD = _LAUGHS | frozenset(["sousa", "souza", "fuss", "fuh", "fah", "sus", "sa"])
_LAUGHS_MISREAD_THRICE = _LAUGHS_MISREAD | frozenset(["so", "for"])  # "So, so." is an answer
_CIRCLES = re.compile(r".{0,4}?(?P<unit>.{1,12}?)(?P=unit){2,}(?P<rest>.*)")
_BABBLE = re.compile(r"(?P<unit>[^\W_]{1,4}?)(?P=unit){2,}[^\W_]{0,3}")  # one word: "Fufufufuf", "sssss"
_BABBLE_LETTERS = 8  # "mmm" and "noooo" are said
_PUFF = re.compile(r"[^\W\daeiouy_]+")  # no vowel: "pfff", "s", and not in Latin script alone
_HUM = re.compile(r"[hm]+")  # is said: "mm", "hmm"
_SURE_OF_NAMES = -0.3
_NOT_SURE_OF_SPEECH = 0.5  # speech lies at 0.05 to 0.4; "stop, stop, stop" at 0.57
_INVENTED = -1.95  # average log-probability that no speech has
_DOUBTFUL = -1.2  # average log-probability that words in a hurry do not have
_TOO_FAST = 45.0  # letters a second of voice; an auctioneer reaches 35
_GUESSED = -1.5  # average log-probability of words that the model has no ground for

_NOTE = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪?|♪")


def without_notes(text: str) -> str:
    """The text without what a subtitler notes: "[Music]", "(laughs)", "*coughs*", notes of music."""
    return " ".join(_NOTE.sub(" ", text).split())


def is_phrase(text: str) -> bool:
    """Is the whole text one of the phrases that Whisper makes of nothing, said once or more?"""
    said = words(text)
    return any(
        not len(said) % length and " ".join(said[:length]) in PHRASES and said == said[:length] * (len(said) // length)
        for length in range(1, len(said) + 1)
    )


def goes_in_circles(text: str) -> bool:
    """Is the text, but for how it begins, one short sound over and over: "Fufufufuf", "Sousa sa sa sa"?

    One word over and over is none of these: "stop, stop, stop" looks the same to the model as a laugh does.
    """
    said = words(text)
    found = _CIRCLES.fullmatch("".join(said))
    return found is not None and found["unit"].startswith(found["rest"]) and (len(said) == 1 or len(set(said)) > 1)


def is_laugh(text: str) -> bool:
    """Is the text a laugh, as the models write it: "Ha ha", "Sousa, Sousa", the last time perhaps in part?"""
    said = words(text)
    if len(said) > 3 and said[-2].startswith(said[-1]):
        said.pop()
    return (
        _LAUGHS.issuperset(said)
        or (len(said) > 1 and _LAUGHS_MISREAD.issuperset(said))
        or (len(said) > 2 and _LAUGHS_MISREAD_THRICE.issuperset(said))
    )


def repeats_one_word(text: str) -> bool:
    """Is the text one word three times or more: "Yes, yes, yes"? So people talk, and so the models write a laugh."""
    said = words(text)
    return len(said) >= 3 and len(set(said)) == 1


def is_babble(text: str) -> bool:
    """Is the text what no mouth says on purpose: "Fufufufufuf", "S-S-S-S", "Pfff, pfff, pfff"?"""
    said = words(text)
    if len(said) == 1:
        return len(said[0]) >= _BABBLE_LETTERS and _BABBLE.fullmatch(said[0]) is not None
    return (
        len(said) >= 3
        and len(set(said)) == 1
        and said[0].isascii()
        and _PUFF.fullmatch(said[0]) is not None
        and _HUM.fullmatch(said[0]) is None
    )


def is_rattle(text: str, *, voiced_s: float) -> bool:
    """Is the text one word over and over, faster than a mouth can: "Snor-snor-snor-snor-snor" in half a second?"""
    said = words(text)
    return len(said) >= 4 and len(set(said)) == 1 and letters(text) > LETTERS_PER_S_MAX * voiced_s


def is_no_speech(
    text: str,
    *,
    average_log_probability: float,
    no_speech_probability: float,
    voiced_s: float,
    peak: float,
) -> bool:
    """Should nothing be shown?

    The voice activity detector is the best witness: synthetic coughs, breath, keys, doors, laughter, hum, music and
    noise stay below a peak of 0.61 and a tenth of a second, while speech at -60 dBFS, at an SNR of -5 dB or across a
    room reaches 0.65 to 1. Between the two, the model's own figures decide.

    Args:
        text: after `without_notes`.
        average_log_probability: of the decoded tokens.
        no_speech_probability: Whisper's.
        voiced_s: seconds of voice by the detector.
        peak: the detector's highest probability.
    """
    if not any(sign.isalnum() for sign in text):
        return True
    if no_speech_probability > NO_SPEECH and average_log_probability < LOG_PROBABILITY:
        return True
    if no_speech_probability > _NOT_SURE_OF_SPEECH and (average_log_probability < _GUESSED or goes_in_circles(text)):
        return True
    if is_laugh(text) or is_babble(text) or is_rattle(text, voiced_s=voiced_s):
        return True
    if average_log_probability < _INVENTED:
        return True
    too_fast = letters(text) > _TOO_FAST * voiced_s
    if average_log_probability < _DOUBTFUL and (too_fast or _LAUGHS_MISREAD.issuperset(words(text))):
        return True
    phrase = is_phrase(text)
    if peak < 0.65 or voiced_s < 0.06:
        return phrase or average_log_probability < -0.7 or no_speech_probability > 0.5
    if not phrase:
        return False
    if letters(text) > 30.0 * voiced_s:  # nobody speaks that fast
        return True
    if peak >= 0.9 and voiced_s >= 0.25:
        return no_speech_probability > NO_SPEECH or average_log_probability < -1.1
    return no_speech_probability > 0.4 or average_log_probability < -0.8


def recites(text: str, hotwords: str | None, *, average_log_probability: float) -> bool:
    """Whether it is nothing but words that the model was told to expect: whisper-base makes "Sam, Claude, Nova" of
    laughter, at -0.33 to -1.0, when those three sit at the table. Who calls two people is heard better than that.
    """
    expected = [words(word) for word in (hotwords or "").split(",") if word.strip()]
    said = words(text)
    flat = {word for one in expected for word in one}
    several = sum(set(one) <= set(said) for one in expected) > 1
    return several and set(said) <= flat and average_log_probability < _SURE_OF_NAMES
