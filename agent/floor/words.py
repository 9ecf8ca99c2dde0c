"""Short phrases of talk, by what they do to the floor. Lower case, no punctuation, hyphens as spaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class Phrases:
    """A set of phrases, each a row of words, to read an utterance with."""

    __slots__ = ("_beginnings", "_longest", "_phrases", "_words")

    def __init__(self, phrases: Iterable[tuple[str, ...]]) -> None:
        self._phrases = frozenset(phrases)
        self._words = frozenset(word for phrase in self._phrases for word in phrase)
        self._beginnings = frozenset(phrase[:end] for phrase in self._phrases for end in range(len(phrase)))
        self._longest = max(len(phrase) for phrase in self._phrases)

    def __or__(self, other: Phrases) -> Phrases:
        return Phrases(self._phrases | other._phrases)

    def __contains__(self, said: tuple[str, ...]) -> bool:
        return said in self._phrases

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return iter(self._phrases)

    def make(self, said: tuple[str, ...]) -> bool:
        """Whether the words are a row of these phrases and nothing else ("yeah, yeah, I see")."""
        return bool(said) and self._words.issuperset(said) and self._reached(said)[-1]

    def may_make(self, said: tuple[str, ...]) -> bool:
        """Whether they could become such a row with more words: "oh, I" could be "oh, I see"."""
        if not self._words.issuperset(said):
            return False
        return any(reached and said[start:] in self._beginnings for start, reached in enumerate(self._reached(said)))

    def within(self, said: tuple[str, ...]) -> bool:
        """Whether one of these phrases is among the words."""
        ends = range(1, len(said) + 1)
        return any(
            said[start:end] in self._phrases for end in ends for start in range(max(0, end - self._longest), end)
        )

    def _reached(self, said: tuple[str, ...]) -> list[bool]:
        reached = [True]
        for end in range(1, len(said) + 1):
            starts = range(max(0, end - self._longest), end)
            reached.append(any(reached[start] and said[start:end] in self._phrases for start in starts))
        return reached


def _phrases(text: str) -> Phrases:
    """Phrases set apart by `|`, on as many lines as it takes."""
    return Phrases(tuple(phrase.split()) for phrase in text.split("|"))


# Sounds that a recogniser spells, among them what whisper makes of an "mm-hm".
VOCAL = _phrases(
    """
    mm | mmm | mhm | mmhm | mm hm | mm hmm | mmhmm | m hm | m hmm | hm | hmm | hmmm | uh huh | uhuh | uh hu | um hum
    | um hmm | uh hm | aha | ah | ahh | oh | ooh | oo | huh | hah | eh | er | erm | um | umm | uh | uhm | mm mm |
    nnn | hum | hum hum | aw | aww | ow | whew | phew | pff | tsk | ugh | ha | haha | hahaha | ha ha | ha ha ha |
    heh | hehe | hee hee | ho ho | lol | mhmm | mmm hmm | yum | shh | brr | ahem | achoo | a | m | mma | m m h a |
    mm h a | m h m | i m h m
    """
)

# Said over somebody's voice, these ask for nothing. The first line is what whisper makes of some of them.
RECEIPT = _phrases(
    """
    o | o i see | o i c | oic | o'reilly | make sense | bright bright | there enough | how know |
    right | i see | wow | interesting | very interesting | really | nice | very nice | cool | great | true | so true
    | very true | that is true | that's true | exactly | of course | totally | absolutely | for sure | makes sense |
    that makes sense | gotcha | got it | good point | fair point | fair enough | fair | indeed | definitely |
    certainly | okay | ok | k | alright | all right | oh wow | oh really | oh okay | oh i see | oh right | oh nice |
    oh no | no way | my god | oh my god | oh god | oh my | goodness | gosh | amazing | wonderful | lovely | sweet |
    awesome | brilliant | fantastic | perfect | excellent | incredible | impressive | fascinating | good | very good
    | that's good | that's great | that's right | you're right | that's interesting | that's funny | funny | sure |
    sure thing | yes | yeah | yea | yep | yup | ya | yah | aye | uh yeah | oh yeah | oh yes | yes yes | yeah yeah |
    yes indeed | quite | quite so | quite right | precisely | correct | agreed | i agree | i know | i know right |
    i bet | i guess | i suppose | i think so | i hear you | i understand | understood | well well | well | so |
    hear hear | you bet | damn | dang | holy cow | whoa | woah | yikes | ouch | neat | super | ah okay | ah i see |
    ah yes | ah right | ah yeah | is that so | is that right | you don't say | tell me about it | no kidding |
    no doubt | without doubt | not bad | too true | crazy | wild | insane | that's crazy | that's wild |
    that's amazing | that's nice | that's cool | good one | nice one | ha good one | mm okay | mm yeah | mm right |
    hm okay | hm interesting | hmm interesting | hm right | hm yeah | hm yes | oh interesting | how interesting |
    how nice | bravo | well said | well put | thanks | thank you | please | naturally | obviously | literally | same
    | same here | me too | ditto | word | like | you know
    """
)

# Asks the one who was cut to go on.
GO_ON = _phrases(
    """
    go on | go on then | please go on | go ahead | please go ahead | continue | please continue | carry on |
    please carry on | keep going | please keep going | do go on | do continue | do carry on | you were saying |
    as you were saying | as you were | finish your thought | finish that thought | finish what you were saying |
    finish your sentence | finish your point | you can continue | you can go on | you may continue | you may go on |
    you can carry on | you go on | you go ahead | just continue | just carry on | just go on | don't stop |
    please don't stop | don't let me stop you | don't mind me | never mind me | never mind | ignore me | ignore that
    | that was nothing | it was nothing | it's nothing | pick up where you left off | where were we | where were you
    | resume | please resume | let's continue | let us continue | let's go on | let's carry on |
    continue what you were saying | go on with what you were saying | continue with what you were saying |
    carry on with what you were saying | i didn't mean to interrupt | i didn't want to interrupt |
    didn't mean to interrupt | i interrupted you | i interrupted | sorry to interrupt | sorry for interrupting |
    sorry for the interruption | i'm listening | we're listening | i am listening | tell me more | tell us more |
    say more | more please
    """
)

# Takes the floor and wants no answer: the human is about to speak, or wants quiet. The first line is misheard.
HALT = _phrases(
    """
    way way | hm wake | h m wake |
    wait | wait wait | wait a second | wait a minute | wait a moment | wait a sec | wait up | hold on |
    hold on a second | hold on a minute | hold on a moment | hold on a sec | hold it | hold that thought | hang on |
    hang on a second | hang on a minute | hang on a moment | hang on a sec | one second | one sec | one moment |
    one moment please | one minute | just a second | just a sec | just a moment | just a minute | give me a second |
    give me a moment | give me a minute | give me a sec | a moment please | let me think | let me see |
    let me stop you there | let me stop you | stop | please stop | stop it | stop there | stop right there |
    stop talking | stop stop | stop now | can you stop | could you stop | would you stop | you can stop |
    you can stop now | shut up | be quiet | quiet | quiet please | please be quiet | silence | hush | shush | enough
    | that's enough | that is enough | okay enough | that'll do | that will do | pause | pause there | pause please
    | please pause | please wait | cut | let me interrupt you | let me interrupt | can i interrupt | may i interrupt
    | can i stop you there | if i may | may i | excuse me | sorry | i'm sorry | pardon me | not now | no more |
    time out | timeout
    """
)

# Words around a phrase that change nothing about it.
FILLER = _phrases(
    """
    uh | um | er | oh | ah | hm | hmm | hum | hem | m | mm | mhm | okay | ok | alright | all right | right | well | so |
    and | but | no | yeah | yes | yep | please | sorry | just | then | now | i'm sorry | hey | ha | haha | sure |
    great | thanks | thank you | good | for a second | for a moment | again | really | oh no | nice | cool | fine |
    interesting | exactly | uh huh | mm hm | true | i see | no no | my bad | a bit | my friend | everyone | guys |
    folks | both | you | do | both of you | all of you | you both | you two | everybody
    """
)

# What recognisers write when there was a noise and no word: they were trained on subtitles.
HALLUCINATED = _phrases(
    """
    thank you | thanks | you | bye | bye bye | thank you very much | thanks for watching | thank you for watching |
    thank you so much | please subscribe | the end | the | so | i | and | oh | okay | i'm | it's | it | me | we |
    yeah | hey | hello | hi | peace | amen | music | applause | laughter | good | one | two
    | to | subtitles by the amara org community | see you next time | i'm sorry | all right
    """
)

# Short, and a turn all the same.
REPAIR = _phrases(
    """
    what | pardon | say again | say that again | come again | excuse me what | sorry what | huh what | why | how |
    how so | who | when |
    no | nope | no no | no no no | but | but why | but how | why not | not true | that's not true | i disagree |
    come on | oh come on | not quite | not really | never
    """
)

# A first word after which more is coming, and it is no agreement.
OPENERS = _phrases(
    """
    but | what | why | how | who | where | when | which | no | not | wait | stop | hold | hang | can | could |
    would | will | do | does | did | is | are | let | actually | because | excuse | sorry | you | that's | i |
    i'm | i'd | well | if | claude | nova | hey | listen | look | we | they | it | it's | this | there | one |
    just | maybe | never
    """
)

# As they are looked for: with what may stand around them.
HALT_SAID = HALT | FILLER
GO_ON_SAID = GO_ON | FILLER
AGREEMENT = VOCAL | RECEIPT
UNDECIDED = AGREEMENT | GO_ON_SAID
