"""An AI's own words, come back through a loudspeaker, are nobody's voice.

WebRTC's echo canceller (in LiveKit's SDK) takes them out well when there is an echo, and takes the human out when there
is none: it suspects one from the first word. So it runs beside, and is listened to only once an echo has been proved:
by the sound of what is being played in the sound of the microphone, in waveform and in time, never by words. While
nothing is proved yet, a voice that sets in over an AI is held back for a quarter of a second, until it is known which
of the two it is. That time is over after two seconds of an AI's voice without a voice in the microphone, and after one
where the microphone's sound has no trace of it either.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import numpy as np
from livekit import rtc

from agent.hearing.correlation import Match, find
from agent.hearing.reference import Reference
from agent.hearing.transcriber import Int16

RATE_HZ = 16_000
BLOCK = RATE_HZ // 100  # the canceller takes 10 ms at a time
REACH_S = 1.2  # the longest way from playing through a room to the ear, with the room's tail
LONGEST_LAG_S = 1.0
CANCELLER_REACH_S = 0.5  # lags up to here it finds by itself; beyond, the reference is delayed for it
SEEN = 4096  # samples that a proof looks at: below a quarter of a second, voices match by chance
VOICE = 0.5  # probability
LEARNING_S = 0.6  # after the proof
CERTAIN_S = 0.3  # after the proof: what it was proved of is still going on
MOSTLY_ECHO_DB = 4.0  # while it learns, what the canceller makes so much softer is echo
FORGIVEN = 10  # windows of silence within one voice that is being judged: a proof needs its sound
REMEMBERED = 31  # and within one that was a human's, 1 s: "Hold on," [0.5 s] "what was that?" is not held back twice
PLAINLY = 4  # windows that a voice went on for after it was found to be a human's: shreds of an echo do not
NO_ECHO_AFTER_S = 2.0  # of an AI's voice without a voice in the microphone: headphones, or the browser's canceller
# Sooner, where it is not to be found in the microphone's sound: an echo may be half a second late, and a look takes a
# quarter. In a hiss alone it is found with a score of 4 to 8. Of 14 voices in rooms none passed three looks at 30 dB
# below the AI's, and two did at 36 dB, where an echo is no voice to the detector either.
LOOKS_AFTER_S = (0.75, 0.91, 1.07)  # of an AI's voice without a voice in the microphone
A_TRACE = 8.5
REST_AFTER_S = 10.0  # of the same, in all, the canceller rests; sooner, a soft echo may come that it has learnt by then


class EchoState(Enum):
    UNKNOWN = "unknown"
    ABSENT = "absent"
    PRESENT = "present"


# After so many voiced windows: the score that proves an echo, and the one below which it is none. Later proofs count
# only at the lag of the one before: two voices of one pitch match by chance, at any lag. Measured on voices in
# synthetic rooms, see bench/hearing.py.
_PROOFS = {5: (11.0, 0.0), 8: (9.0, 7.0), 12: (7.5, 7.5)}
# Once an echo is known to be absent a voice counts at once, and only a plain proof changes that.
_PROOFS_ABSENT = {8: (12.0, 0.0), 12: (10.0, 0.0)}


class EchoGuard:
    """For one ear. The microphone's samples come in order, 10 ms at a time.

    Args:
        played: what the AIs say, which may come back.
    """

    def __init__(self, played: Reference) -> None:
        self._reference = played
        self._canceller = _canceller()
        self._shift = 0  # samples by which the canceller's reference is delayed
        self._next: int | None = None  # of the reference, for the next block
        self._suspect = 0  # voiced windows of a voice that is not judged yet
        self._silent = 0  # windows without a voice, in a row
        self._released = False  # this voice has been found to be a human's
        self._heard = 0  # voiced windows since
        self._quiet_s = 0.0
        self._looks = 0  # in this quiet
        self._traced = False  # by one of them
        self._unanswered_s = 0.0  # of an AI's voice without a voice in the microphone, in all
        self._last: Match | None = None
        self._proved_at = -LEARNING_S
        self.state = EchoState.UNKNOWN

    def active(self, at: float) -> bool:
        """Whether something that was played may be in the microphone at `at`."""
        return self._reference.silent_s(at) < REACH_S

    def cancels(self, at: float) -> bool:
        """Whether the canceller is to have what the microphone brought at `at`. A host with headphones would keep it
        busy for nothing through the whole show. Should an echo be proved yet, it learns the room from the last second.
        """
        return not self.rests and self.active(at)

    @property
    def rests(self) -> bool:
        """Whether there was no echo for so long that the canceller has nothing to do."""
        return self.state is EchoState.ABSENT and self._unanswered_s >= REST_AFTER_S

    def idle(self) -> None:
        """Nothing is being played: whoever speaks over the next words is to be judged anew."""
        self._suspect, self._released, self._heard = 0, False, 0

    def clean(self, at: float, block: Int16) -> Int16:
        """10 ms of the microphone without echo; int16, 16 kHz. `at` is the time of the first sample."""
        wanted = round(at * RATE_HZ) - self._shift
        if self._next is None or abs(wanted - self._next) > 0.02 * RATE_HZ:
            self._next = wanted
        played = np.clip(self._reference.cut(self._next, self._next + BLOCK), -32768, 32767).astype(np.int16)
        self._next += BLOCK
        self._canceller.process_reverse_stream(_frame(played))
        heard = _frame(block)
        self._canceller.process_stream(heard)
        return np.frombuffer(heard.data, np.int16).copy()

    def judge(self, raw: float, cleaned: float, removed_db: float, at: float, latest: Callable[[int], Int16]) -> float:
        """The probability of a human's voice in one window.

        Args:
            raw: of a voice in the microphone as it is.
            cleaned: of a voice in what the canceller leaves.
            removed_db: by how much the canceller made the window softer.
            at: the window's end, seconds on the episode clock.
            latest: gives the last so many samples of the microphone.
        """
        if self._reference.silent_s(at) < 0.1 and raw < VOICE:
            self._nothing_came_back(at, latest)
        elif raw >= VOICE:
            self._quiet_s, self._looks, self._traced = 0.0, 0, False
        self._silent = 0 if raw >= VOICE / 2 else self._silent + 1
        if self._silent >= FORGIVEN:
            self._suspect = 0
        if self._silent >= (REMEMBERED if self._heard >= PLAINLY else FORGIVEN):
            self._released, self._heard = False, 0
        if self.state is EchoState.PRESENT:
            return self._without_echo(cleaned, removed_db, at)
        if raw < VOICE or self._released:
            self._heard += raw >= VOICE and self._released
            return raw
        self._suspect += 1
        proofs = _PROOFS if self.state is EchoState.UNKNOWN else _PROOFS_ABSENT
        if self._suspect in proofs and self._proved(at, latest, *proofs[self._suspect]):
            self.state, self._proved_at = EchoState.PRESENT, at
            return self._without_echo(cleaned, removed_db, at)
        return raw if self._released or self.state is EchoState.ABSENT else min(raw, VOICE / 2)

    def _proved(self, at: float, latest: Callable[[int], Int16], proof: float, innocent: float) -> bool:
        match = self._look(at, latest)
        agrees = self._last is not None and abs(match.lag - self._last.lag) < 0.005 * RATE_HZ
        alone = self.state is EchoState.UNKNOWN and self._suspect == min(_PROOFS)
        self._last = match
        if match.score >= proof and (agrees or (alone and match.score >= proof + 2.0)):
            if match.lag > CANCELLER_REACH_S * RATE_HZ:
                self._shift, self._next = match.lag - round(0.1 * RATE_HZ), None
                self._canceller = _canceller()
            return True
        if match.score < innocent or self._suspect >= max(_PROOFS):
            self._released = True
        return False

    def _without_echo(self, cleaned: float, removed_db: float, at: float) -> float:
        """While the canceller still learns the room, shreds of the echo pass that the detector takes for a voice."""
        since_s = at - self._proved_at
        echo = since_s < CERTAIN_S or (since_s < LEARNING_S and removed_db > MOSTLY_ECHO_DB)
        return min(cleaned, VOICE / 2) if echo else cleaned

    def _look(self, at: float, latest: Callable[[int], Int16]) -> Match:
        """For what is being played in the microphone's last quarter of a second."""
        sound, end = latest(SEEN), round(at * RATE_HZ)
        return find(sound, self._reference.cut(end - len(sound) - round(LONGEST_LAG_S * RATE_HZ), end))

    def _nothing_came_back(self, at: float, latest: Callable[[int], Int16]) -> None:
        """A window of an AI's voice, and a silent microphone."""
        self._quiet_s += 512 / RATE_HZ
        self._unanswered_s += 512 / RATE_HZ
        unknown = self.state is EchoState.UNKNOWN
        if unknown and not self._traced and self._quiet_s >= LOOKS_AFTER_S[self._looks]:
            self._traced = self._look(at, latest).score >= A_TRACE
            self._looks += 1
        unseen = unknown and self._looks == len(LOOKS_AFTER_S) and not self._traced
        if unseen or self._quiet_s >= (NO_ECHO_AFTER_S if unknown else 2 * NO_ECHO_AFTER_S):
            self.state = EchoState.ABSENT


def _canceller() -> rtc.AudioProcessingModule:
    canceller = rtc.AudioProcessingModule(echo_cancellation=True)
    canceller.set_stream_delay_ms(0)  # the reference is cut by the same clock as the microphone
    return canceller


def _frame(pcm: Int16) -> rtc.AudioFrame:
    return rtc.AudioFrame(bytearray(pcm.tobytes()), RATE_HZ, 1, len(pcm))
