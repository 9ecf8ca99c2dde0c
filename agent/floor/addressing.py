"""Who is spoken to. A name in the vocative addresses, and so does handing over ("what does the guest think?").

A name that is merely mentioned ("as Claude said") does not. A recogniser hears "Clyde" or "cloud" for "Claude", so in
a vocative place a name is known by its sound; elsewhere a cloud is a cloud.

Each sentence is rewritten with names as `<0>`, `<1>`, ... and put to a list of patterns. The patterns are the grammar:
read them as the manners of calling somebody by name in English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from agent.floor.events import SpeakerId
from agent.floor.names import WORD, NameHeard, Seat, names_in, words

_OPENER = (
    r"(?:(?:hey|hi|hello|hallo|ok|okay|so|and|but|well|right|yeah|yes|yep|no|now|alright|all right|sorry|please|then|um|uh|"
    r"er|hm|hmm|oh|ah|wait|great|good|thanks|thank you|also|actually|anyway|good morning|good evening|excuse me|"
    r"listen|look|wow|nice|sure|fine|cool|interesting|exactly|true|one more thing|hang on|hold on|come on|just|"
    r"first|next|finally|dear|my dear|hello there|hey there|hi there|question|quick question|i see|you know|i mean|"
    r"tell me|tell us|let me ask you|i wonder|"
    r"welcome|welcome back|for you|over to you|back to you|your turn|go on|go ahead|carry on|stop|continue)[,.]? )*"
)
# After a bare name at the start: somebody is being told or asked something, not talked about.
_YOU_NEXT = (
    r"(?:what|how|why|where|when|which|whose|who (?:do|would|are|is|was|should|will)|(?:do|did|can|could|would|will|are|"
    r"were|have|had|should|might|must|don't|didn't|aren't|can't|couldn't|wouldn't|won't|haven't|shouldn't) you|you|your|"
    r"you're|you've|you'd|you'll|please|tell|explain|give|go|carry|continue|stop|wait|hold|hang|let|help|take|describe|"
    r"summari[sz]e|remind|start|answer|imagine|i|i'm|i'd|i've|i'll|we|let's|is (?:it|that|this|there)|"
    r"isn't (?:it|that|this|there)|does (?:it|that|this|anyone)|if|could|can we|should we|and you|over to you|same|"
    r"quick|one more|just|sorry|thanks|thank you|any|okay|name|pick|list|compare|talk|speak|say|repeat|define|walk|"
    r"shut|be quiet|hear me|listen|look|read|convince|defend|respond|react|introduce|begin|finish|wrap|do (?:it|that|we))"
)
# Before a bare name at the end: a word that takes the name for itself.
_GOVERNOR = re.compile(
    r"\b(?:about|with|to|by|of|from|for|like|than|as|and|or|on|at|in|into|over|under|after|before|against|between|without|"
    r"is|was|are|be|being|been|called|named|said|says|told|tell|ask|asked|met|meet|know|knew|love|hate|trust|believe|"
    r"believes|see|saw|heard|hear|use|used|using|the|a|an|my|our|this|that|his|her|their|your|quote|quoting|quoted|not|"
    r"beat|beats|call|name|mention|mentioned|thank|thanked|interrupt|interrupted|via|versus|vs|than|prefer|find|want|"
    r"towards?|toward|unlike|including|let|made|make|makes|built|invited|introduce|agree|do|does|did|would|will|has|had) $"
)
_LOOKS = r"(?:view|views|take|opinion|position|answer|thoughts?|verdict|stance|perspective|reaction|response|guess|side|turn)"
_THINK = (
    r"(?:think|say|make|feel|have to say|have|do|answer|add|prefer|recommend|suggest|reckon|want|believe|see|choose|pick|"
    r"know|propose|like|advise|expect|predict|respond|reply|call|put|describe|explain|define)"
)
_TAKES = r"(?:answer|respond|reply|go|start|begin|take|speak|explain|tell|say|help|add|weigh|give|finish|have|react|open|close)"

# `{n}` is the name, or a group of names joined by "and".
_MENTIONED = (
    r"\b(?:co-?host|guest|friend|colleague|assistant|model|host|partner|neighbou?r), {n},? (?!do you|what do you|are you)",
    r"{n}(?:,)? and (?:i|me|myself)\b",
    r"^{o}{n}, (?:who|which) (?!do |would |are |should |will |else|was it|is it|is right)[^?]*[^?]$",
    r"^{o}{n}, (?:our|my|the|a|an) [^,]+, (?:is|was|has|had|said|says|will|can|does|did|just|joined|joins)\b",
    r"\b(?:don't|do not|didn't|never|rather not) (?:want|need|ask|let|think) {n}\b",
)
_CALLED = (
    # In the vocative, spelt or by its sound
    r"^{o}{n}[,?!:;.]",
    r"^{o}{n}(?: again)? {you}\b",
    r"\byou,? {n}[,.?!]*(?:$| )",
    r", {n}[.?!]*$",
    r", {n}, ",
)
_CALLED_UNLESS_GOVERNED = (r"{n},(?= .*(?:\byou\b|\byour\b|\?$))",)
_CALLED_EXACTLY_UNLESS_GOVERNED = (r"^(?:.*\b(?:you|your|yours|you're|we|us|me|i|please)\b.*|{o}{you}\b.*) {n}[.?!]*$",)
_CALLED_EXACTLY = (
    r"^{o}{n}$",
    r"^(?:hi|hello|hey|thanks|thank you|welcome|welcome back|good morning|good evening|good point|well said|well put|nice one|"
    r"great point|sorry|right|exactly|yes|no|okay|go on|go ahead|carry on|continue|stop|wait|hold on|hang on|your turn|"
    r"next|now|please|back to you|over to you|bye|goodbye|good night|come in|come on|keep going|enough|fair enough|"
    r"one moment|not so fast|shut up|quiet|be quiet)[, ]+{n}[.?!]*$",
    r"\b(?:come on|tell me|tell us|listen|look|please|thank you|thanks|sorry|okay|hello|hey|hi|welcome),? {n},",
)
_HANDED_OVER = (
    r"\b(?:over|back|on|across) to {n}\b",
    r"\b(?:turn|question|one|this|that|goes|is|it|question's|one's)(?: is| goes)?(?: now)? (?:for|to) {n}[.,?!]*$",
    r"\b(?:question|one|this|that) (?:is |goes |here )?(?:for|to) {n}[,:.]",
    r"^{o}(?:for|to) {n}[,:]",
    r"\b(?:let's|let us|let me|i'd like to|i would like to|i want to|i'd love to|we should|can we|could we|shall we|may we|"
    r"we could|may i|can i|could i|i'll|i will|i'm going to|we'll|want to)"
    r"(?: also| now| first| just| quickly| then| maybe)* "
    r"(?:hear|ask|go|turn|hand|pass|give|bring|throw|put|invite)(?: it| this| that| the floor| in| the question)*"
    r"(?: from| to| over to| back to| what)? {n}\b(?!'s)",
    r"\b(?:what|how|where|why|when|which(?: \w+)?|who)(?: \w+)? (?:does|do|would|might|could|will|can|should) {n}(?: \w+)? {think}\b",
    r"\bwhat(?:'s| is| are| was) {n}'s? (?:\w+ )?{looks}",
    r"(?:^|[,.?!] ){o}{n}'s? (?:\w+ )?{looks}[.?!,]*",
    r"\b(?:hear|get|have|like|know|want|for) {n}'s? (?:\w+ )?{looks}\b",
    r"^{o}(?:does|do|would|can|could|will|has|have|should|is|are|might|may|shall|doesn't|wouldn't|won't|can't|isn't) {n} "
    r"(?:\w+ )*?(?:agree|disagree|want|think|know|like|care|see|explain|answer|tell|add|help|believe|object|accept|give|say|"
    r"respond|speak|go|join|ready|sure|still|there|with us|convinced|buy|share|take|start|begin|weigh|have|find|prefer)\b",
    r"^{o}(?:what|how) about(?: you)?,? {n}[?.!]*$",
    r"\bi(?:'d| would)? (?:like|love|want|need|prefer)(?: to have)? {n} to {takes}\b",
    r"\b(?:i'd|i would|we'd) (?:like|love) to (?:hear|know|see) (?:what|how|whether|if|where|from) {n}",
    r"\b(?:curious|wonder|wondering|interested)(?: to (?:hear|know|see)| in)? (?:what|how|whether|if|where) {n} (?!said|did|was)",
    r"^{o}let {n} {takes}\b",
    r"^{o}(?:maybe |perhaps )?{n} (?:should|could|can|may|might|must|gets? to|wants? to|has to)(?: \w+)? {takes}\b",
    r"^{o}(?:maybe|perhaps),? {n}[?.!]*$",
    r"^{o}(?:maybe|perhaps) {n} (?:can|could|would|wants?|has|knows)\b",
    r"\b{n},? (?:goes|go|you go|speaks|starts|begins) (?:first|next|now)\b",
    r"^{o}{n},? (?:first|next|please|now)[.?!,]",
    r"\b(?:your turn|your move|you're up|you're next|next up is|next up),? {n}\b",
    r"\bi(?:'m| am| was|'ve been)? ask(?:ing|ed)? {n}\b(?! (?:yesterday|before|last|once|why|that|this|about))",
    r"\b(?:asking|question) (?:was|is) (?:for|to) {n}\b",
)
_EXCLUDED = re.compile(
    r"(?:\bnot(?: (?:you|from|for|to|asking|by))?|\bwithout|\bexcept|\brather than|\binstead of|\bother than|\bbut not|"
    r"\banyone but|\bnever mind),? $"
)
_EVERYONE = re.compile(
    r"\b(?:both of you|you both|you two|the two of you|the both of you|the pair of you|each of you|all of you|you all|"
    r"all three of you|every one of you|both your|both our ais|both ais|both the ais|both answer|both personas)\b"
    r"|\bwhat (?:does|do|would) (?:everyone|everybody|you each|the others|the ais)\b"
    r"|^(?:(?:so|okay|ok|now|and|well|right|hey|alright),? )*(?:everyone|everybody|both),"
    r"|\b(?:one after the other|one by one|in turn)[.?!]*$|\bfrom both\b|\bhear both\b|,? both[.?!]*$"
)
_NOT_EVERYONE = re.compile(
    r"\b(?:neither|none|one|either|any|some|half) of you\b|\b(?:listening|watching|listeners|audience|viewers|tuning|at home|"
    r"out there|who joined us|for coming|subscribed)\b|\b(?:it|that|this|they|them|us|we|cuts|goes|works) both\b|\bboth ways\b"
)


@dataclass(frozen=True, slots=True)
class Address:
    """Who is asked to speak, in order. Empty: nobody in particular, and the floor is free. Humans are named too."""

    to: tuple[SpeakerId, ...] = ()
    rest: str = ""  # what is said, without the names that were called


def address(text: str, seats: tuple[Seat, ...], by: SpeakerId | None = None) -> Address:
    """Who is addressed in an utterance; sentences are judged one by one and the addressees joined.

    Args:
        text: a recogniser's text, with or without punctuation.
        seats: everybody at the table.
        by: the speaker, who does not address themselves.
    """
    others = tuple(seat for seat in seats if seat.who != by)
    personas = [seat.who for seat in others if seat.role == "ai"]
    to: list[SpeakerId] = []
    everyone = False
    excluded: set[SpeakerId] = set()
    rest: list[str] = []
    for sentence in _sentences(text):
        rewritten, groups = _rewrite(sentence, others)
        called: list[str] = []
        if len(personas) > 1 and _EVERYONE.search(rewritten) and not _NOT_EVERYONE.search(rewritten):
            everyone = True
        for index, group in enumerate(groups):
            place = rewritten.find(f"<{index}>")
            if _EXCLUDED.search(rewritten[:place]):
                excluded.update(name.who for name in group)
            elif _is_addressed(rewritten, index, exact=all(name.exact for name in group)):
                to.extend(name.who for name in group)
                called.append(f"<{index}>")
        for name in called:
            rewritten = rewritten.replace(name, "")
        rest.append(re.sub(r"<\d+>", "somebody", _EVERYONE.sub("", rewritten) if everyone else rewritten))
    if everyone:
        to.extend(personas)
    return Address(tuple(dict.fromkeys(who for who in to if who not in excluded)), " ".join(rest))


def _sentences(text: str) -> list[str]:
    flat = re.sub(r"\s+", " ", text.replace("’", "'").lower()).strip()
    flat = re.sub(r"\b(dr|mr|mrs|ms|prof|st)\.", r"\1", flat)
    flat = re.sub(r"\s*(?:\.\.\.|…|--|—|–)\s*", ", ", flat)
    flat = re.sub(r"[\"“”()\[\]*]", "", flat)
    return [sentence for sentence in re.split(r"(?<=[.?!]) +", flat.strip(" ,")) if WORD.search(sentence)]


def _rewrite(sentence: str, seats: tuple[Seat, ...]) -> tuple[str, list[list[NameHeard]]]:
    """Names become `<0>`, `<1>`, ...; "Claude and the guest" is one group, `<0>`."""
    spans = [match.span() for match in WORD.finditer(sentence)]
    found = list(names_in(words(sentence), seats))
    groups: list[list[NameHeard]] = []
    pieces: list[str] = []
    place = 0
    for name in found:
        start, end = spans[name.start][0], spans[name.end - 1][1]
        between = sentence[place:start]
        joined = groups and between in (" and ", ", and ", " & ", " then ", " and then ") and pieces[-1].endswith(">")
        if joined:
            groups[-1].append(name)
        else:
            pieces.append(between)
            pieces.append(f"<{len(groups)}>")
            groups.append([name])
        if name.possessive:
            pieces.append("'s")
        place = end
    pieces.append(sentence[place:])
    return "".join(pieces), groups


def _is_addressed(sentence: str, index: int, *, exact: bool) -> bool:
    grammar = _grammar(index)
    before = sentence[: sentence.index(f"<{index}>")]
    if any(pattern.search(sentence) for pattern in grammar.mentioned):
        return False
    if not exact and re.search(r"\b(?:the|a|an|this|that|your|in|on) $", before):
        return False  # "the cloud is full"
    patterns = list(grammar.called)
    if not _GOVERNOR.search(before):
        patterns += grammar.called_unless_governed
        if exact:
            patterns += grammar.called_exactly_unless_governed
    if exact:
        patterns += grammar.called_exactly
    elif re.fullmatch(rf"<{index}>[.?!]*", sentence):
        return False  # "Cloud." may be an answer; "Claude." is a call
    return any(pattern.search(sentence) for pattern in (*patterns, *grammar.handed_over))


@dataclass(frozen=True, slots=True)
class _Grammar:
    mentioned: tuple[re.Pattern[str], ...]
    called: tuple[re.Pattern[str], ...]
    called_unless_governed: tuple[re.Pattern[str], ...]
    called_exactly: tuple[re.Pattern[str], ...]
    called_exactly_unless_governed: tuple[re.Pattern[str], ...]
    handed_over: tuple[re.Pattern[str], ...]


@lru_cache(maxsize=16)
def _grammar(index: int) -> _Grammar:
    parts = {"{n}": f"<{index}>", "{o}": _OPENER, "{you}": _YOU_NEXT, "{looks}": _LOOKS, "{think}": _THINK}
    parts["{takes}"] = _TAKES

    def compiled(templates: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
        patterns = []
        for template in templates:
            for key, part in parts.items():
                template = template.replace(key, part)
            patterns.append(re.compile(template))
        return tuple(patterns)

    return _Grammar(
        mentioned=compiled(_MENTIONED),
        called=compiled(_CALLED),
        called_unless_governed=compiled(_CALLED_UNLESS_GOVERNED),
        called_exactly=compiled(_CALLED_EXACTLY),
        called_exactly_unless_governed=compiled(_CALLED_EXACTLY_UNLESS_GOVERNED),
        handed_over=compiled(_HANDED_OVER),
    )
