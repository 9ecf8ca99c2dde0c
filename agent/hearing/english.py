"""Enough English to see whether a clause has its verb. Word lists, no model: a decision takes microseconds."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


AUXILIARIES = _words(
    """
    am is are was were be been being have has had having do does did will would can could shall should may might
    must isn't aren't wasn't weren't haven't hasn't hadn't don't doesn't didn't won't wouldn't can't cannot
    couldn't shouldn't mustn't ain't
    """
)
CONTRACTIONS = re.compile(r"^(?:\w+'(?:s|re|m|ve|d|ll)|gonna|wanna|gotta|let's)$")
_REGULAR = _words(
    """
    accept add admit agree allow answer appear apply argue arrive ask avoid believe belong bother call cancel
    care carry change check claim close collect compare complain consider contain continue cook cost count
    create cry dance decide depend describe deserve develop die disappear discover discuss drop earn end enjoy
    ensure exist expect explain fail fill finish fix follow force gather guess handle happen hate help hope
    imagine improve include increase intend invite join jump kill kick laugh last learn like listen live look
    love manage matter mean mention miss move name need notice offer open own pass pay pick plan play point
    prefer prepare press pretend prevent produce promise protect prove pull push raise reach realize recognize
    record reduce refuse regret relate release remain remember remind remove repeat replace reply require rest
    return save seem serve settle share shout show smile solve sort sound spell stay stop study suggest support
    suppose surprise talk taste tend test thank touch travel treat trust try turn use visit wait walk want warn
    waste watch wish wonder work worry
    """
)
_IRREGULAR = _words(
    """
    became become becomes began begin begins begun bought break breaks broke bring brings brought build builds
    built buy buys came catch caught choose chose comes come cut draw drew drive drove eat eats ate fall falls
    fell feel feels felt fight fought find finds found fly forget forgets forgot gave get gets got give gives go
    goes went gone grew grow grows hear hears heard held hit hold holds keep keeps kept knew know knows lay lead
    leads leave leaves led left lend lose loses lost made make makes meant meet meets met paid put puts ran read
    reads ride rode rose run runs said saw say says see sees sell sells send sends sent set sets shut sing sit
    sits slept sold speak speaks spend spends spent spoke stand stands stood stole swam take takes taught teach
    tell tells think thinks thought threw throw told took understand understood wake win wins woke won wore
    write writes wrote
    """
)


def _forms(verb: str) -> set[str]:
    if verb.endswith("e"):
        return {verb, verb + "s", verb + "d"}
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return {verb, verb[:-1] + "ies", verb[:-1] + "ied"}
    if verb.endswith(("s", "x", "z", "ch", "sh")):
        return {verb, verb + "es", verb + "ed"}
    return {verb, verb + "s", verb + "ed", verb + verb[-1] + "ed"}


VERBS = _IRREGULAR | {form for verb in _REGULAR for form in _forms(verb)}
DETERMINERS = _words(
    "a an the my your our their its his her every some any no this that these those another each one two three both all"
)
PREPOSITIONS = _words(
    """
    of to from with without into onto at by for about between among through during against towards toward upon
    within across per via despite except including regarding concerning in on over under behind before after
    since until like
    """
)
SUBORDINATORS = _words(
    "if when while although though because since after before unless until once whenever wherever whereas as whether"
)
# Words after which a "that", "who", ... begins a clause, not "that one".
_CLAUSE_AFTER_THAT = (
    _words("i you we they he she it there people everybody nobody everyone someone most many some")
    | PREPOSITIONS
    | _words("the a an my your our their his her this these those every no if when")
)
_OBJECT_THAT = _words("do does did done doing like want need get got take see all")
RELATIVES = _words("that which who whom whose how what where why whether because if")
NOMINATIVES = _words("i we they he she")
BEFORE_VERBS = _words(
    "never always just also only still already often sometimes too both all either even almost rather soon once now"
    " then ever and or but who that which whom the a an in on at of for to with from as than not"
)
SUBJECTS = _words("i you we they he she it there everybody nobody everyone someone people")


def verbs(words: list[str]) -> int:
    """How many finite verbs there may be. "The book" and "of use" have none, "would have liked" counts once."""
    count, group = 0, False
    for at, word in enumerate(words):
        before = words[at - 1] if at else ""
        auxiliary = word in AUXILIARIES or bool(CONTRACTIONS.match(word))
        # Only verbs and adverbs follow a nominative, also verbs that are in no list: "because I disagree"
        after_subject = before in NOMINATIVES and not word.endswith("ly") and word not in BEFORE_VERBS
        verb = (
            auxiliary
            or after_subject
            or (
                (word in VERBS or (word.endswith("ed") and len(word) > 4))
                and before not in DETERMINERS
                and before not in PREPOSITIONS
            )
        )
        if verb and not group:
            count += 1
        # "not", adverbs and infinitives stay within a group: "did not really want to say"
        group = verb or (group and (word in ("not", "to", "never", "be", "been") or word.endswith("ly")))
    return count


def open_clause(words: list[str]) -> bool:
    """Whether a clause has begun that has no verb yet: "he said that after the war"."""
    for at in range(len(words) - 1, 0, -1):
        if words[at] not in RELATIVES:
            continue
        rest = words[at + 1 :]
        if words[at] == "because" and rest[:1] == ["of"]:
            continue
        if words[at] == "that" and (
            not rest
            or rest[0] not in _CLAUSE_AFTER_THAT
            or words[at - 1] in _OBJECT_THAT
            or words[at - 1] in PREPOSITIONS
        ):
            continue  # "with that one", "do that at all"
        if words[at] in ("what", "who", "which") and rest and verbs(rest[:1]):
            return False
        return bool(rest) and verbs(rest) == 0
    return False


def lacks_main_clause(clauses: list[list[str]]) -> bool:
    """Whether a sentence is a subordinate clause alone ("When I was a student"), or a beginning without a verb.

    Args:
        clauses: its words, cut at the commas.
    """
    if not clauses or not clauses[0]:
        return False
    words = [word for clause in clauses for word in clause]
    if any(len(clause) >= 2 and verbs(clause) for clause in clauses[1:]):
        return False
    if words[0] in SUBORDINATORS:
        asks = len(words) > 1 and words[1] in AUXILIARIES  # "When did you start?"
        return not asks and verbs(words) < 2
    return words[0] in PREPOSITIONS and verbs(words) == 0


def is_subject_alone(words: list[str]) -> bool:
    """ "The best part of the book", "the people who built this": a subject that still waits for its verb."""
    if len(words) < 4 or words[0] not in DETERMINERS:
        return False
    return verbs(words) < (2 if any(word in ("who", "which", "that") for word in words[1:4]) else 1)
