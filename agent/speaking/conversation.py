"""The show's one transcript, and how each persona is given it."""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from livekit.agents import llm

from agent.floor.events import SpeakerId, UtteranceId
from agent.speaking.persona import Persona

INTERRUPTED = " ... [interrupted]"
OPENING = "The show begins."
YOUR_TURN = "Nobody has spoken since. It is your turn."

# Old turns leave in large steps, so that the prompt's beginning stays the same for long and providers can cache it.
KEEP_SHARE = 0.6
# So many of the latest turns are messages of their own, up to twice as many before the oldest of them are joined, again
# in large steps. The providers' clients take half a millisecond a message, on the event loop: a long talk of short
# turns held everybody's voice up for 0.2 s at each answer.
LATEST_TURNS = 24

Summarise = Callable[[str], Awaitable[str]]


@dataclass(slots=True)
class Turn:
    who: SpeakerId
    text: str
    interrupted: bool = False
    open: bool = False  # still being heard
    utterance: UtteranceId = ""  # a human's


class Conversation:
    """What was said and heard, in order.

    Args:
        context_chars: the most that a persona is given; beyond it the oldest turns leave, summarised when `condense` is
            called in time, dropped otherwise.
    """

    def __init__(self, *, context_chars: int = 60_000) -> None:
        self._turns: list[Turn] = []
        self._names: dict[SpeakerId, str] = {}
        self._aliases: dict[str, SpeakerId] = {}
        self._budget = context_chars
        self._summary = ""
        self.steer = ""  # what models are told after the last words, whoever is asked; tiny ones are not
        self.dropped_turns = 0  # that left without a summary

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(self._turns)

    @property
    def summary(self) -> str:
        return self._summary

    def introduce(self, who: SpeakerId, name: str, aliases: Sequence[str] = ()) -> None:
        """Make a speaker's name known, and what else they are called."""
        self._names[who] = name
        for alias in aliases:
            self._aliases[alias.casefold()] = who

    def name(self, who: SpeakerId) -> str:
        return self._names.get(who, who)

    def names(self, *, but: SpeakerId) -> tuple[str, ...]:
        """The names of all others."""
        return tuple(name for who, name in self._names.items() if who != but)

    def find(self, name: str) -> SpeakerId | None:
        """The speaker called `name`, or whose slug it is."""
        wanted = name.strip().casefold()
        for who, known in self._names.items():
            if wanted in (who.casefold(), known.casefold(), known.split()[0].casefold()):
                return who
        return self._aliases.get(wanted)

    def remember(self, who: SpeakerId, name: str, text: str, *, utterance: UtteranceId = "") -> None:
        """A human's words."""
        self.introduce(who, name)
        if text.strip():
            self._turns.append(Turn(who, text.strip(), utterance=utterance))
            self._forget()

    def correct(self, utterance: UtteranceId, said: str, better: str) -> None:
        """The quick text of an utterance was answered; here is a better one of the same words, for what comes later.

        Nothing happens when the utterance has left, or was not remembered with those words.
        """
        turn = next((turn for turn in reversed(self._turns) if turn.utterance == utterance), None)
        if turn is not None and utterance and said.strip() and better.strip():
            turn.text = turn.text.replace(said.strip(), better.strip(), 1)

    def hearing(self, who: SpeakerId, text: str, *, interrupted: bool = False) -> None:
        """An AI is being heard: `text` so far. Its place in the order is that of its first word; `heard` closes it."""
        turn = self._open_turn(who)
        if turn is None:
            if not text.strip():
                return
            turn = Turn(who, "", open=True)
            self._turns.append(turn)
        turn.text, turn.interrupted = text.strip(), interrupted

    def heard(self, who: SpeakerId, text: str, interrupted: bool) -> None:
        """An AI's words, as far as they were heard."""
        turn = self._open_turn(who)
        if not text.strip():
            if turn is not None:
                self._turns.remove(turn)
            return
        if turn is None:
            turn = Turn(who, "")
            self._turns.append(turn)
        turn.text, turn.interrupted, turn.open = text.strip(), interrupted, False
        self._forget()

    def render(
        self, persona: Persona, *, guess: str = "", guess_by: SpeakerId | None = None, nudge: str = ""
    ) -> llm.ChatContext:
        """The talk as `persona` is given it: a system message, then user and assistant in turns, a user message last.

        Args:
            persona: whose words are the assistant's.
            guess: words that may yet change, for this rendering alone; said by `guess_by`.
            nudge: an instruction after the last words, not said by anybody.
        """
        context = llm.ChatContext.empty()
        context.add_message(role="system", content=[persona.instructions, llm.CacheBreakpoint()])
        turns = list(self._turns)
        if guess.strip():
            turns.append(Turn(guess_by or "", guess.strip()))
        messages: list[tuple[llm.ChatRole, list[str]]] = []
        if self._summary:
            messages.append(("user", [_told(persona, "Earlier in the show", self._summary, "summary")]))
        joined = max(0, len(self._turns) // LATEST_TURNS - 1) * LATEST_TURNS
        for place, turn in enumerate(turns):
            role: llm.ChatRole = "assistant" if turn.who == persona.slug and place >= joined else "user"
            text = turn.text + (INTERRUPTED if turn.interrupted else "")
            if role == "user":
                text = self._heard_by(persona, turn, text, alone=len(self._names) <= 2 and place >= joined)
            if messages and messages[-1][0] == role:
                messages[-1][1].append(text)
            else:
                messages.append((role, [text]))
        if not messages or messages[0][0] == "assistant":
            messages.insert(0, ("user", [_told(persona, "", OPENING, "studio")]))
        if messages[-1][0] == "assistant":
            messages.append(("user", [_told(persona, "", nudge or YOUR_TURN, "studio")]))
        elif nudge:
            messages[-1][1].append(_told(persona, "", nudge, "studio"))
        if self.steer and persona.style == "tagged":
            messages[-1][1].append(_told(persona, "", self.steer, "studio"))
        for role, texts in messages:
            context.add_message(role=role, content="\n".join(texts))
        return context

    async def condense(self, summarise: Summarise) -> bool:
        """Summarise the oldest turns when the talk has grown to most of its budget; call it when nobody waits.

        Args:
            summarise: from a plain transcript to a short text; its errors are the caller's.
        Returns:
            Whether something was summarised.
        """
        if self._size() < 0.8 * self._budget:
            return False
        old = self._oldest(self._size() - int(KEEP_SHARE * 0.8 * self._budget))
        if not old:
            return False
        transcript = "\n".join(f"{self.name(turn.who)}: {turn.text}" for turn in old)
        summary = await summarise(f"{self._summary}\n\n{transcript}".strip())
        gone = {id(turn) for turn in old}
        self._turns = [turn for turn in self._turns if id(turn) not in gone]
        self._summary = summary.strip()[: self._budget // 5]
        return True

    def _heard_by(self, persona: Persona, turn: Turn, text: str, *, alone: bool) -> str:
        if persona.style == "plain":
            return text if alone else f"{self.name(turn.who)} says: {text}"
        return f'<speaker name="{html.escape(self.name(turn.who))}">{html.escape(text, quote=False)}</speaker>'

    def _open_turn(self, who: SpeakerId) -> Turn | None:
        return next((turn for turn in reversed(self._turns) if turn.open and turn.who == who), None)

    def _size(self) -> int:
        return len(self._summary) + sum(len(turn.text) + 40 for turn in self._turns)

    def _oldest(self, chars: int) -> Sequence[Turn]:
        """The oldest closed turns that make up `chars`, never the last two."""
        taken: list[Turn] = []
        for turn in self._turns[:-2]:
            if chars <= 0 or turn.open:
                break
            taken.append(turn)
            chars -= len(turn.text) + 40
        return taken

    def _forget(self) -> None:
        if self._size() > self._budget:
            gone = self._oldest(self._size() - int(KEEP_SHARE * self._budget))
            self.dropped_turns += len(gone)
            del self._turns[: len(gone)]


def _told(persona: Persona, title: str, text: str, tag: str) -> str:
    if persona.style == "plain":
        return f"{title}: {text}" if title else text
    return f"<{tag}>{html.escape(text, quote=False)}</{tag}>"
