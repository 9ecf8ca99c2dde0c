"""How people at a table are called by name in English, as patterns.

A pattern is a regular expression over one lower-case sentence in which `{n}` is the name, or names joined by "and"; the
other words in braces are the word groups below. Read them as the manners of calling somebody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache


def _any(text: str) -> str:
    """Alternatives set apart by `|`, on as many lines as it takes."""
    return "(?:" + "|".join(" ".join(option.split()) for option in text.split("|")) + ")"


# Said before a name that opens a sentence.
_OPENERS = _any(
    """
    hey | hi | hello | hallo | ok | okay | so | and | but | well | right | yeah | yes | yep | no | now |
    alright | all right | sorry | please | then | um | uh | er | hm | hmm | oh | ah | wait | great | good |
    thanks | thank you | also | actually | anyway | good morning | good afternoon | good evening | excuse me |
    listen | look | wow | nice | sure | fine | cool | interesting | exactly | true | one more thing | hang on |
    hold on | come on | just | first | next | finally | dear | my dear | there | question | quick question |
    i see | you know | i mean | tell me | tell us | let me ask you | i wonder | welcome | welcome back |
    for you | over to you | back to you | your turn | go on | go ahead | carry on | stop | continue | maybe |
    perhaps | or | because
    """
)
_OPENER = rf"(?:{_OPENERS}[,.]? )*"

# After a bare name at the start: somebody is told or asked something, not talked about.
_YOU_NEXT = _any(
    """
    what | how | why | where | when | which | whose | who (?:do|would|are|is|was|should|will) |
    (?:do|did|can|could|would|will|are|were|have|had|should|might|must) you |
    (?:don't|didn't|aren't|can't|couldn't|wouldn't|won't|haven't|shouldn't) you | you | your | you're | you've |
    you'd | you'll | please | tell | explain | give | go | carry | continue | stop | wait | hold | hang | let |
    help | take | describe | summari[sz]e | remind | start | answer | imagine | i | i'm | i'd | i've | i'll |
    we | let's | (?:is|isn't) (?:it|that|this|there) | does (?:it|that|this|anyone) | if | can we | should we |
    and you | over to you | same | quick | one more | just | sorry | thanks | thank you | any | okay | name |
    pick | list | compare | talk | speak | say | repeat | define | walk | shut | be quiet | hear me | listen |
    look | read | convince | defend | respond | react | introduce | begin | finish | wrap | do (?:it|that|we)
    """
)

# Before a bare name: a word that takes the name for itself ("about Claude", "I know Claude").
_GOVERNOR = re.compile(
    r"\b"
    + _any(
        """
        about | with | to | by | of | from | for | like | than | as | and | or | on | at | in | into | over |
        under | after | before | against | between | without | is | was | are | be | being | been | called |
        named | said | says | told | tell | ask | asked | met | meet | know | knew | love | hate | trust |
        believe | believes | see | saw | heard | hear | use | used | using | the | a | an | my | our | this |
        that | his | her | their | your | quote | quoting | quoted | not | beat | beats | call | name |
        mention | mentioned | thank | thanked | interrupt | interrupted | via | versus | vs | prefer | find |
        want | towards? | unlike | including | let | made | make | makes | built | invited | introduce | agree |
        do | does | did | would | will | has | had
        """
    )
    + " $"
)

_LOOKS = _any(
    """
    views? | take | opinion | position | answer | thoughts? | verdict | stance | perspective | reaction |
    response | guess | side | turn | advice | idea | conclusion | explanation | reply
    """
)
_TAKES = _any(
    """
    answer | respond | reply | go | start | begin | take | speak | explain | tell | say | help | add | weigh |
    give | finish | have | react | open | close | describe | summari[sz]e | do | try
    """
)
_AGREES = _any(
    """
    agree | disagree | want | think | know | like | care | see | explain | answer | tell | add | help |
    believe | object | accept | give | say | respond | speak | go | join | ready | sure | still | there |
    with us | convinced | buy | share | take | start | begin | weigh | have | find | prefer
    """
)
_LET_US = _any(
    """
    let's | let us | let me | i'd like to | i would like to | i want to | i'd love to | we should | can we |
    could we | shall we | may we | we could | may i | can i | could i | i'll | i will | i'm going to | we'll |
    want to
    """
)
_ASKS = _any(
    "hear | ask | go | turn | hand | pass | give | bring | throw | put | invite | move | come | return | switch | try"
)
_ALONE = _any(
    """
    hi | hello | hey | thanks | thank you | welcome | welcome back | good morning | good evening | good point |
    well said | well put | nice one | great point | sorry | right | exactly | yes | no | okay | go on |
    go ahead | carry on | continue | stop | wait | hold on | hang on | your turn | next | now | please |
    back to you | over to you | bye | goodbye | good night | come in | come on | keep going | enough |
    fair enough | one moment | not so fast | shut up | quiet | be quiet
    """
)
_WOULD = _any("does|do|would|can|could|will|should|might|may|doesn't|don't|wouldn't|won't|can't|couldn't|shouldn't")
_IS = _any("is|are|has|have|isn't|aren't|hasn't|haven't")
_WANTS = _any("hear|get|have|like|know|want|need|for|interested in|curious about|what about|how about|see")

_MENTIONED = (
    r"\b(?:friend|colleague|assistant|model|host|partner), {n}, (?!do you|what do you|are you)",
    r"{n} (?:later|afterwards|another time|some other time|in a (?:minute|moment|second|bit|while))\b",
    r"{n},? and (?:i|me|myself)\b",
    r"^{o}{n}, (?:who|which) (?!do |would |are |should |will |else|was it|is it|is right)[^?]*[^?]$",
    r"^{o}{n}, (?:our|my|the|a|an) [^,]+, (?:is|was|has|had|said|says|will|can|does|did|just|joined|joins)\b",
    r"\b(?:don't|do not|didn't|never|rather not) (?:want|need|ask|let|think) {n}",
)
_CALLED = (
    r"^{o}{n}[,?!:;.]",
    r"\byou,? {n}[,.?!]*(?:$| )",
    r", {n}[.?!]*$",
    r", {n}, ",
    r", (?:and )?then {n}[.?!,]",
    r"^{o}{n},? (?:first|next)[.?!,]",
    # A question behind the name, whose subject it is not: "What do you think, Claude, is it worth it?"
    r"\byou (?:think|say|reckon|feel),? {n},? (?:is|are|was|would|could|can|will|should) (?:it|they|we|you|he|she|i)\b",
)
_CALLED_BY_NAME = (r"^{o}{n}(?: again)? (?:so |then |and )?{you}\b",)  # "the guest list" is no call
_CALLED_UNLESS_GOVERNED = (r"{n},(?= .*(?:\byou\b|\byour\b|\?$))",)
_CALLED_EXACTLY = (
    r"^{o}{n}$",
    r"^{alone}[, ]+{n}[.?!]*$",
    r"\b(?:come on|tell me|tell us|listen|look|please|thank you|thanks|sorry|okay|hello|hey|hi|welcome),? {n},",
    r"\byou\b.* (?:that|this) {n}\?$",  # "How do you see that, Ada?" without its comma
)
_CALLED_EXACTLY_UNLESS_GOVERNED = (r"^(?:.*\b(?:you|your|yours|you're|we|us|me|i|please)\b.*|{o}{you}\b.*) {n}[.?!]*$",)
_HANDED_OVER = (
    # The floor is passed on
    r"\b(?:over|back|on|across) to {n}(?!'s)",
    r"\b(?:turn|question|one|this|that|goes|is|it|question's|one's)(?: is| goes)?(?: now)? (?:for|to) {n}[.,?!]*$",
    r"\b(?:question|one|this|that) (?:is |goes |here )?(?:for|to) {n}[,:.]",
    r"^{o}(?:for|to) {n}[,:]",
    r"\b(?:your turn|your move|you're up|you're next|next up is|next up),? {n}",
    r"{n},? (?:goes|go|you go|speaks|starts|begins) (?:first|next|now)\b",
    r"^{o}{n},? (?:first|next|please|now)[.?!,]",
    # Somebody wants to hear them
    r"\b{letus}{adverb} {asks}(?: it| this| that| the floor| in| the question)*{towards} {n}(?!'s)",
    r"\bi(?:'d| would)? (?:like|love|want|need|prefer)(?: to have)? {n} to {takes}\b",
    r"\b(?:i'd|i would|we'd) (?:like|love) to (?:hear|know|see) (?:what|how|whether|if|where|from) {n}",
    r"\b(?:see|hear|find out|know|ask) (?:what|how|whether|if|where) {n} (?!said|did|was|had|meant)\w+",
    r"\b(?:curious|wonder|wondering|interested){tosee} (?:what|how|whether|if|where) {n} (?!said|did|was)",
    r"\b(?:rather|like to|love to|want to|need to) (?:hear|have|know)(?: it| that| this)? from {n}",
    r"\bi(?:'m| am| was|'ve been)? asking {n}",
    r"\b(?:asking|question) (?:was|is) (?:for|to) {n}",
    # They are asked in the third person, and are in the room
    r"\b{which}(?: \w+)? {would} {n} \w+",
    r"\b{which}(?: \w+)? {would} {n}'s? (?:\w+ )?{looks}\b",
    r"(?:^|, ){o}{would} {n} \w+",
    r"^{o}{is} {n} (?:\w+ )*?{agrees}\b",
    r"\bwhat(?:'s| is| are) {n}'s? (?:\w+ )?{looks}",
    r"^{o}{n}'s? (?:\w+ )?{looks}[.?!,]*$",
    r"\b{wants} {n}'s? (?:\w+ )?{looks}\b",
    r"^{o}(?:what|how) about(?: you)?,? {n}[?.!]*$",
    r"^{o}let {n} {takes}\b",
    r"^{o}{n} (?:should|could|can|may|might|must|gets? to|wants? to|has to)(?: \w+)? {takes}\b",
    r"^{o}{n} (?:can|could|would|wants?|has|knows)(?: \w+)? (?:answer|explain|help|say|tell)\b",
)
_THANKS = (
    r"^(?:\w+,? )?(?:thank you|thanks|thanks a lot|thank you (?:very|so) much|(?:good|great|nice) (?:point|answer|one)|"
    r"well said|well put|exactly|interesting"
)
_GREETINGS = "welcome|welcome back|hello|hi"
GREETING = re.compile(rf"^(?:\w+,? )?(?:{_GREETINGS}),? <0>[.!]*$")
COURTESY = re.compile(_THANKS + rf"|{_GREETINGS}|sorry|right|okay|i see),? <0>[.!]*$")
# "Thank you, Claude, Nova, what would you add?": where a recogniser wrote a comma, a sentence had ended
THANKED_FIRST = re.compile(_THANKS + r"),? <0>, (?=<1>,? (?!for\b)\w)")
# "Thank you, Claude Ada. What would you add?": where it heard the sentence end behind the second name
THANKED_BEFORE = re.compile(_THANKS + r"),? <0>,? <1>[.!]*$")
# "Thank you." [a breath] "Claude. Ada, what would you add?": the first name belongs to the thanks
THANKS_ALONE = re.compile(_THANKS + r")[.,!]*$")
EXCLUDED = re.compile(
    r"\b(?:not(?: (?:you|from|for|to|asking|by))?|without|except|rather than|instead of|other than|anyone but|"
    r"never mind),? $"
)
EVERYONE = re.compile(
    r"\b(?:both of you|you both|you two|the two of you|the both of you|the pair of you|each of you|all of you|you all|"
    r"all three of you|every one of you|both your|both our ais|both ais|both the ais|both answer|both personas)\b"
    r"|\bwhat (?:does|do|would) (?:everyone|everybody|you each|the others|the ais)\b"
    r"|^(?:(?:so|okay|ok|now|and|well|right|hey|alright),? )*(?:everyone|everybody|both),"
    r"|\b(?:one after the other|one by one|in turn)[.?!]*$|\bfrom both\b|\bhear both\b"
    r"|(?:,|\bfrom|\byou|\bask|\bhear) both[.?!]*$"
)
NOT_EVERYONE = re.compile(
    r"\b(?:neither|none|one|either|any|some|half) of you\b|\bthank you all\b|\bboth ways\b"
    r"|\b(?:listening|watching|listeners|audience|viewers|tuning|at home|out there|who joined us|for coming)\b"
    r"|\b(?:it|that|this|they|them|us|we|cuts|goes|works) both\b"
)
_ARTICLE = re.compile(r"\b(?:the|a|an|this|that|your|in|on) $")


@dataclass(frozen=True, slots=True)
class _Patterns:
    mentioned: re.Pattern[str]
    called: re.Pattern[str]
    called_by_name: re.Pattern[str]
    called_unless_governed: re.Pattern[str]
    called_exactly: re.Pattern[str]
    called_exactly_unless_governed: re.Pattern[str]
    handed_over: re.Pattern[str]


@lru_cache(maxsize=16)
def _patterns(name: str) -> _Patterns:
    groups = {
        "n": re.escape(name),
        "o": _OPENER,
        "you": _YOU_NEXT,
        "alone": _ALONE,
        "looks": _LOOKS,
        "takes": _TAKES,
        "agrees": _AGREES,
        "letus": _LET_US,
        "asks": _ASKS,
        "would": _WOULD,
        "is": _IS,
        "wants": _WANTS,
        "adverb": "(?: also| now| first| just| quickly| then| maybe)*",
        "towards": "(?: from| to| over to| back to| what)?",
        "tosee": "(?: to (?:hear|know|see)| in)?",
        "which": r"(?:what|how|where|why|when|which(?: \w+)?|who)",
    }

    def compiled(templates: tuple[str, ...]) -> re.Pattern[str]:
        whole = "|".join(f"(?:{template})" for template in templates)
        return re.compile(re.sub(r"\{(\w+)\}", lambda match: groups[match.group(1)], whole))

    return _Patterns(
        mentioned=compiled(_MENTIONED),
        called=compiled(_CALLED),
        called_by_name=compiled(_CALLED_BY_NAME),
        called_unless_governed=compiled(_CALLED_UNLESS_GOVERNED),
        called_exactly=compiled(_CALLED_EXACTLY),
        called_exactly_unless_governed=compiled(_CALLED_EXACTLY_UNLESS_GOVERNED),
        handed_over=compiled(_HANDED_OVER),
    )


class Call(IntEnum):
    """How somebody is spoken to, if they are."""

    NOT = 0
    HANDED_OVER = 1  # "what does Claude think?"
    CALLED = 2  # "Claude, ..."


def call(sentence: str, name: str, *, exact: bool, by_role: bool = False) -> Call:
    """How the sentence speaks to `name`, its placeholder for somebody (see `addressing`).

    Args:
        exact: the name was spelt as it is; otherwise it only sounded like it, and must be in a vocative place.
        by_role: it was no name but "the guest".
    """
    patterns = _patterns(name)
    before = sentence[: sentence.index(name)]
    if patterns.mentioned.search(sentence):
        return Call.NOT
    if not exact and (_ARTICLE.search(before) or re.fullmatch(rf"{re.escape(name)}[.?!]*", sentence)):
        return Call.NOT  # "the cloud is full"; and "Cloud." may be an answer, where "Claude." is a call
    if not by_role and patterns.called_by_name.search(sentence):
        return Call.CALLED
    if patterns.called.search(sentence) or (exact and patterns.called_exactly.search(sentence)):
        return Call.CALLED
    if not _GOVERNOR.search(before):
        if patterns.called_unless_governed.search(sentence):
            return Call.CALLED
        if exact and patterns.called_exactly_unless_governed.search(sentence):
            return Call.CALLED
    return Call.HANDED_OVER if patterns.handed_over.search(sentence) else Call.NOT
