"""The table manners as numbers. Frozen, with a unit in each name; a show may change them, a running floor may not."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Rules(BaseModel, frozen=True, extra="forbid"):
    """All times in seconds, counted from the `at` of the events.

    An "mm-hm" lasts 0.7 s and a real interruption should silence the AI in 0.4 s, so the two cannot be told apart in
    time: the voice is ducked at the onset, held at `hold_after_s`, and judged afterwards. Since a held voice is silent,
    the judgement may take its time for a turn; for a backchannel it may not (`resume_after_s`).
    """

    # Barge-in
    hold_after_s: float = Field(0.15, gt=0, description="speech over an AI that holds its voice")
    turn_after_s: float = Field(
        1.25, gt=0, description="unbroken speech that is a turn whatever it says; laughs and coughs last up to 1.0 s"
    )
    unduck_after_s: float = Field(0.15, ge=0, description="silence after a sound too short to hold, before full level")
    resume_after_s: float = Field(
        0.45,
        ge=0,
        description="silence after a hold, before the voice goes on without having been told what was said: the text of"
        " a short sound comes 0.15 to 0.4 s after it, and a voice that goes on too early speaks into the host's breath",
    )

    breath_s: float = Field(
        0.36,
        ge=0,
        description="silence after a hold, before the voice goes on though no turn was heard: 'Right,' may be followed"
        " by 'but ...', up to 0.3 s after its end was seen, and heard later on a busy machine",
    )

    # Judgement of sound: whisper-base on "mm-hm" gives a log-probability of -1 to -1.7 (words: -0.2 to -0.6) and a
    # no-speech probability of 0.3 to 0.7 (words: 0.05 to 0.15)
    doubtful_log_probability: float = Field(-0.9, le=0)
    doubtful_no_speech: float = Field(0.25, ge=0, le=1)
    lost_log_probability: float = Field(
        -1.8,
        le=0,
        description="of short unknown words over a voice: the recogniser made them up, and no turn had so low",
    )
    turn_probability: float = Field(0.5, ge=0, le=1, description="of short unknown words over a voice, to be a turn")
    turn_probability_in_silence: float = Field(0.25, ge=0, le=1, description="likewise, when nobody was speaking")
    words_a_second: float = Field(
        8.0, gt=0, description="nobody speaks faster; a recogniser that hears more invents it"
    )
    click_s: float = Field(0.12, ge=0, description="shorter sounds are clicks, whatever the recogniser reads into them")
    background_dbfs: float = Field(-58.0, le=0, description="softer voices are not at this table")

    echo_guard_s: float = Field(
        60.0, ge=0, description="after two echoes in that time a microphone barges in by words, not by a voice's sound"
    )
    echo_tail_s: float = Field(2.0, ge=0, description="what is heard so soon after an AI's voice may be its echo")

    # Preparing
    eager: Literal["off", "guess"] = Field("guess", description="prepare replies on the text before the endpoint")

    # Turns
    race: bool = Field(
        True,
        description="when nobody is addressed, all AIs think at once and the first to be ready speaks; if not, the one"
        " who spoke least recently is asked, and the next when it passes",
    )
    max_ai_turns: int = Field(2, ge=1, description="AI turns in a row; then the floor is the humans'")
    follow_up: bool = Field(True, description="after an AI's turn the other AIs may add to it")
    follow_up_limit_s: float = Field(4.0, gt=0, description="a follow-up that is not ready by then is let go")
    head_start_s: float = Field(
        0.15,
        ge=0,
        description="what a persona waits for a rival who spoke less recently, for each free turn won in a row",
    )
    head_start_limit_s: float = Field(0.6, ge=0)

    thanks_s: float = Field(
        1.2, ge=0, description="from the end of a bare 'Thank you.' to words that may begin with who was thanked"
    )

    courtesy_s: float = Field(
        0.8,
        ge=0,
        description="after 'Thanks, Claude.' Claude speaks no sooner: who thanks somebody mostly goes on, to another",
    )

    # Dead air: nobody should hear more than 4 s of silence while an answer is owed
    one_moment_after_s: float = Field(3.0, gt=0, description="silence before the one who owes an answer says so")
    still_thinking_after_s: float = Field(3.6, gt=0, description="silence before it says so again, twice at most")
    answer_limit_s: float = Field(6.0, gt=0, description="after that another persona is asked as well")
    give_up_after_s: float = Field(10.5, gt=0, description="after that the answer is given up, with an apology")

    # Interjection
    interject: bool = Field(True, description="personas listen while another speaks, and may break in at a clause end")
    listen_after_s: float = Field(6.0, ge=0, description="a speaker is left alone for that long")
    listen_every_s: float = Field(10.0, gt=0, description="between two listenings of one persona")
    interject_every_s: float = Field(30.0, ge=0, description="between two interjections at the table")

    # Thinking mode
    thinking_s: float = Field(30.0, gt=0)
    last_words_s: float = Field(0.15, ge=0, description="what may follow the clause that says so, before it is stopped")

    # Going on
    remainder_s: float = Field(120.0, gt=0, description="a cut reply can be continued for that long")

    # Things that never come
    utterance_lost_s: float = Field(45.0, gt=0, description="a voice with no sign of life: breath is drawn sooner")
    end_lost_s: float = Field(
        8.0, gt=0, description="a pause whose endpoint never came: the longest is 2.5 s, then STT"
    )
    start_lost_s: float = Field(1.5, gt=0, description="playback of a reply that was ready and has not begun")
    late_start_lost_s: float = Field(6.0, gt=0, description="playback of a canned line or a remainder, likewise")
    stop_lost_s: float = Field(0.8, gt=0, description="playback that was stopped and has not ended")
    playback_lost_s: float = Field(45.0, gt=0, description="playback without a clause's end: none is that long")
