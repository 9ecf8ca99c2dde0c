"""Do these words look like the end of a turn? Pure; English word lists, punctuation for every language."""

from __future__ import annotations

import re
from enum import IntEnum

from agent.hearing.english import RELATIVES, SUBORDINATORS, is_subject_alone, lacks_main_clause, open_clause, verbs


class Completeness(IntEnum):
    """How finished a text looks; higher is more."""

    GOES_ON = 0  # "I think, um", "because the", "the point is..."
    COMMA = 1  # "The food was great," which the recogniser thinks to go on, and the words alone need not
    OPEN = 2  # no sentence end: fewer than three words, nothing
    SENTENCE = 3  # "That is what I mean."
    QUESTION = 4  # "What does she think about?", which "that" may follow all the same
    CLOSED = 5  # a command, a name called, an mm-hm: nothing is likely to follow


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A sentence does not end with these, whatever a recogniser puts behind them when the voice pauses there.
_NEVER_LAST = _words(
    """
    a an the my your our their its his every any no another each
    and or but because since although though unless until whether if when while whereas than as so which who
    whose where of to from with without into onto at by for about between among through during against towards toward
    upon within across per via despite except including regarding concerning
    is are was were am be been being has have had do does did will would can could shall should may might must
    i'm you're we're they're he's she's it's that's there's i'd you'd we'd they'd i'll you'll we'll they'll
    i've you've we've they've what's who's let's gonna wanna gotta
    very really quite rather just only even almost nearly mostly basically actually literally probably maybe perhaps
    i we they he she um uh er erm hmm
    """
)
# These end questions and short answers, so they only count against a sentence that is none.
_LAST_IN_QUESTION = _words(
    """
    of to from with at by for about is are was were am be do does did have has had will would can could should may
    might must that this these those his i we they he she like who which where when so than through in on
    """
)
# But for "... than I did", "... what they are", "... they think they do".
_ELLIPSIS = re.compile(
    r"\b(?:than|as|what|how|who|where|way|wish|hope|know|knows|knew|says?|said|thinks|thought|(?<!\bi )think)"
    r" (?:i|you|he|she|it|we|they|people)"
    r" (?:is|are|was|were|am|do|does|did|have|has|had|can|could|would|will|should|might|must)$"
)
# "... the house we looked at", "... everything they asked for".
_RELATIVE = re.compile(
    r"\b(?:the|a|an|this|those|these|my|your|our|his|her|their|what|everything|something|anything|nothing|all)"
    r" (?:\w+ ){0,2}(?:that )?(?:i|you|he|she|we|they) \w+(?: \w+)? (?:at|about|for|with|on|to|from|of|by)$"
)
# "Well" begins a sentence behind a stop, and ends one behind a word: "things were going so well".
_WELL = re.compile(r"(?:^|[,.;:?!]\s*)well[\s,.…!?]*$", re.IGNORECASE)
_LAST_IN_ANSWER = _words("is are was were am do does did have has had will would can could should may might must i")
_PHRASES_THAT_GO_ON = (
    "i think|i guess|i mean|i feel like|i believe|i suppose|you know|the thing is|the point is|the question is|"
    "the problem is|the idea is|the reason is|what i mean is|in other words|for example|for instance|"
    "on the other hand|sort of|kind of|such as|as in|that is|let me think|let me see|first of all|at least|"
    "at the same time|which means|it means|i would say|i'd say|i don't know if|i wonder if|i wonder|and then|"
    "so then|but then"
)
_TRAILS_OFF = re.compile(rf"(?:^|[\s,.;])(?:{_PHRASES_THAT_GO_ON})[\s,.…!?-]*$")
# Their object or clause is still to come: "I would like to know", "and then we decided".
_INFINITIVE = (
    r"(?:like|want|wanted|love|need|have|try|trying|going|able|used) to"
    r"(?: (?:know|ask|say|hear|see|mention|add|tell|be|talk|point|explain|make|take|get|do))?"
)
_OPINION = (
    r"\b(?:you|i|we|they|would|could|people|some) (?:think|say|argue|agree|believe|mean|guess|suppose|hope|wonder|said|"
    r"thought|told|felt|knew|learned|noticed|realized|found|asked)(?: that)?"
)
_HALF = (
    r"\b(?:decided|wanted|tried|managed|seemed|seems|tend|tends|going|able|supposed|according|due|instead|wondering|"
    r"whose|become|became|including)"
)
_LIST = (
    r"\b(?:one|two|three|four|five|several|many|few|some|other|of the) (?:things?|reasons?|points?|questions?|ways?|"
    r"problems?|ideas?|kinds?|types?|options?|examples?)"
)
# "There was a moment" waits for its "when", "there is a man" for his "who".
_PRESENTED = (
    r"\bthere(?:'s| is| was| were| are| has been) (?:a|an|one|this|that|some|always)(?: \w+)? (?:time|moment|day|night"
    r"|week|year|point|period|reason|way|chance|feeling|sense|story|question|man|woman|guy|person|people|someone)"
)
_WANTS_MORE = re.compile(rf"(?:{_INFINITIVE}|{_OPINION}|{_HALF}|{_LIST}|{_PRESENTED})$")
# "You have to be able to ex..." was read as "able to it": what was broken off there is a verb, and this is none.
_LACKS_VERB = re.compile(
    r"\b(?:able|want|wants|wanted|need|needs|needed|try|tries|tried|trying|decide|decides|decided|managed?|manages|"
    r"supposed|hope|hopes|hoped|hoping|ought|would like|(?:i|you|we|they|he|she)'d like) to"
    r" (?:it|its|that|this|these|those|them|him|us|me|you|her|there|here|one|a|an|the)$"
)
# "that" and small prepositions end some sentences ("I know that", "come in") and hang in others.
_HANGING = re.compile(
    r"(?:\b(?:is|was|are|think|say|said|says|believe|sure|fact|reason|way|so|thing|things|means|one|people|those) that|"
    r"(?<!come)(?<!came)(?<!go)(?<!went)(?<!get)(?<!log)(?<!move)(?<!bring)(?<!join)(?<!jump)(?<!give)(?<!fill)"
    r"(?<!plug)(?<!plugged)(?<!live)(?<!lives)(?<!lived)(?<!believe)(?<!believed)(?<!stay)(?<!stayed)(?<!drop)"
    r"(?<!dropped)(?<!check)(?<!checked)(?<!turned)(?<!tune)(?<!tuned)(?<!let)(?<!called)(?<!stepped)(?<!interested)"
    r"(?<!logged)(?<!moved)(?<!joined)(?<!filled)(?<!fit)(?<!fits) in|"
    r"(?<!go)(?<!come)(?<!carry)(?<!move)(?<!later)(?<!hold)(?<!hang)(?<!put)(?<!turn)(?<!so)(?<!early)(?<!keep) on)$"
)
_LEADS_IN = re.compile(
    r"^(?:(?:so|and|but|or|well|now|yes|no|yeah|okay|right|because|then|also|anyway|actually|um|uh) )+"
)
_STARTER = _words("so and but or well um uh er because also then now okay like i mean actually basically")
_BACKCHANNEL = _words(
    """
    yes yeah yep yup no nope nah ok okay right sure mm mhm mm-hm mmhm hmm hm uh-huh aha ah oh wow really exactly true
    indeed absolutely definitely totally nice great cool good perfect interesting fascinating agreed correct alright
    fair thanks bye hello hi hey amazing awesome brilliant wonderful
    """
)
_GREETINGS = _words("welcome hello hi thanks thank")
_COMMANDS = (
    "stop|wait|hold on|hang on|go on|go ahead|carry on|continue|keep going|skip|next|enough|that's enough|quiet|"
    "be quiet|shut up|excuse me|pardon|say that again|one moment|one second|just a moment|just a second|"
    "tell me more|never mind|let's continue|let's go on|thank you|thanks|see you|goodbye|bye|good point|of course|"
    "i see|i agree|got it|fair enough|makes sense|that makes sense|good morning|good evening|no way|not really|"
    "why not|why|what|how|who|when|where|really|i don't know|i don't think so|i think so|me too|go for it|"
    "let's go|let's do it"
)
_BEFORE_COMMAND = "no|hey|ok|okay|please|sorry|oh|yes|all right|alright|just|and"
_AFTER_COMMAND = "please|there|then|now|for a second|for a moment|a second|a moment|again|stop|wait|so much|very much"
_COMMAND = re.compile(rf"^(?:(?:{_BEFORE_COMMAND}) )*(?:{_COMMANDS})(?: (?:{_AFTER_COMMAND}))*$")
_ASKS = _words("what how why who where which when")
_SENTENCES = re.compile(r"[.!?。！？]\s+")
_END = re.compile(r"[.!?。！？؟]['\"”’)\]]*$")
_DOTS = re.compile(r"(?:\.\.+|…|[-–—])['\"”’)\]]*$")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def completeness(text: str, names: frozenset[str] = frozenset()) -> Completeness:
    """How finished `text` looks.

    Args:
        text: of the whole utterance, with the recogniser's punctuation.
        names: lower-case names of those at the table; one alone ("Claude?") is a call.
    """
    text = text.strip()
    spoken = _spoken(text)
    if not spoken:
        return Completeness.SENTENCE  # a cough, most likely; but a name called in a breath may come out as nothing
    plain = " ".join(spoken)
    if text.endswith(","):
        return min(Completeness.COMMA, completeness(text.rstrip(", ") + ".", names))
    if _DOTS.search(text) or text.endswith((";", ":")):
        return Completeness.GOES_ON
    question = text.rstrip("'\"”’)]").endswith(("?", "？", "؟"))
    if all(word in _BACKCHANNEL or word in names for word in spoken):
        # "Claude?" waits for an answer, "Claude" is how a question begins.
        return Completeness.OPEN if spoken[-1] in names and not question else Completeness.CLOSED
    if _COMMAND.match(plain):
        return Completeness.CLOSED
    *before, last_sentence = _SENTENCES.split(text)
    said = _spoken(last_sentence)
    if before and said and said[0] in SUBORDINATORS and not question:
        # "It costs two hundred dollars. If you buy it in advance." is one sentence, or another one begins.
        return min(Completeness.OPEN, completeness(f"{before[-1]} {last_sentence}", names))
    if _goes_on(last_sentence, said, question=question):
        return Completeness.GOES_ON
    if not _END.search(text):
        return Completeness.OPEN
    if question and len(said) >= 3:
        return Completeness.QUESTION
    whole = bool(verbs(said)) or said[0] in _GREETINGS
    return Completeness.SENTENCE if len(spoken) >= 3 and whole else Completeness.OPEN


def of_readings(text: str, other: str, names: frozenset[str] = frozenset()) -> Completeness:
    """How finished what was said looks, when it was read in two ways.

    Who is misread is misread into half sentences: "Who decides which ..." came out as "To decide which ...". A whole
    sentence or question is hardly read into half a one. On the tuning half, of 112 turns and pauses that were read
    twice, 5 ends look more finished by the other reading, and no pause but behind a clause that could stand alone.

    Args:
        text: the likelier one.
        other: empty when there is none.
        names: as for `completeness`.
    """
    first, second = completeness(text, names), completeness(other, names) if other else Completeness.GOES_ON
    return max(first, second) if second in (Completeness.SENTENCE, Completeness.QUESTION) else first


def _spoken(text: str) -> list[str]:
    return [word.lower().replace("’", "'") for word in _WORD.findall(text)]


def _goes_on(sentence: str, said: list[str], *, question: bool) -> bool:
    if not said:
        return False
    plain = " ".join(said)
    last = said[-1]
    if question:
        thinks = re.search(r"(?:think|say|agree|believe|mean|know|argue)(?: that)?$", plain)
        asks = said[0] in _ASKS
        return last in _NEVER_LAST - _LAST_IN_QUESTION or bool(thinks and not asks) or bool(_LACKS_VERB.search(plain))
    if len(said) <= 3 and last in _LAST_IN_ANSWER and said[0] in ("yes", "no", "yeah", "i", "we", "it", "they", "so"):
        return False  # "Yes, I do.", "So am I."
    bare = _LEADS_IN.sub("", plain + " ").split()
    clauses = [_spoken(clause) for clause in sentence.split(",")]
    clauses = [clause for clause in clauses if _LEADS_IN.sub("", " ".join(clause) + " ")]
    if clauses:
        clauses[0] = _LEADS_IN.sub("", " ".join(clauses[0]) + " ").split()
    clause_follows = bool(_WANTS_MORE.search(plain)) and not any(word in RELATIVES for word in said[:-2])
    return (
        (last in _NEVER_LAST and not _ELLIPSIS.search(plain) and not _RELATIVE.search(plain))
        or bool(_WELL.search(sentence))
        or bool(_HANGING.search(plain))
        or bool(_LACKS_VERB.search(plain))
        or bool(_TRAILS_OFF.search(plain))
        or clause_follows
        or all(word in _STARTER for word in said)
        or lacks_main_clause(clauses)
        or open_clause(bare)
        or is_subject_alone(bare)
    )
