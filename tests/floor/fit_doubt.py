"""Fits `agent.floor.doubt.WEIGHTS` on `heard_over_an_ai.tsv`: `python -m tests.floor.fit_doubt` prints them.

Only utterances go in that the rules of words leave open, and that are too short to be a turn by their length. Weights
are judged by phrases that they were not fitted on (each phrase, in all voices, is left out in turn).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from agent.floor import doubt
from agent.floor.events import Evidence
from agent.floor.judgement import Setting, is_open, spoken
from agent.floor.rules import Rules

Float = npt.NDArray[np.float64]
RIDGE = 0.001


def rows() -> list[tuple[str, str, str, str, Evidence]]:
    """Kind, speaker, what was said, what was heard, and its sound."""
    found = []
    for line in Path(__file__).with_name("heard_over_an_ai.tsv").read_text().splitlines():
        if not line.startswith("#"):
            kind, speaker, said, heard, speech_s, log_probability, no_speech, also_read = line.split("\t")
            evidence = Evidence(
                speech_s=float(speech_s),
                level_dbfs=-22.0,
                average_log_probability=float(log_probability),
                no_speech_probability=float(no_speech),
                also_read=also_read,
            )
            found.append((kind, speaker, said, heard, evidence))
    return found


def fit(x: Float, y: Float) -> Float:
    """Logistic regression with a ridge, by Newton's method. Both kinds weigh the same."""
    weights = np.zeros(x.shape[1])
    share = np.where(y > 0, 0.5 / max(1.0, y.sum()), 0.5 / max(1.0, (1 - y).sum()))
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (share * (p - y)) + RIDGE * weights
        curve = (x * (share * p * (1 - p))[:, None]).T @ x + RIDGE * np.eye(len(weights))
        weights = weights - np.linalg.solve(curve, slope)
    return weights


def main() -> None:
    rules = Rules()
    setting = Setting(over=True)
    used = [row for row in rows() if row[4].speech_s < rules.turn_after_s and is_open(spoken(row[3]), setting)]
    x = np.array([doubt.features(spoken(heard), evidence) for _, _, _, heard, evidence in used])
    y = np.array([float(kind == "turn") for kind, *_ in used])
    said = np.array([row[2] for row in used])
    right = 0
    for phrase in sorted(set(said)):
        out = said == phrase
        p = 1 / (1 + np.exp(-x[out] @ fit(x[~out], y[~out])))
        right += int(np.sum((p > 0.5) == (y[out] > 0.5)))
    print(f"{len(used)} utterances, {int(y.sum())} of them turns; right on phrases left out: {right / len(used):.1%}")
    for name, weight in zip(doubt.WEIGHTS, fit(x, y), strict=True):
        print(f'    "{name}": {weight:.2f},')


if __name__ == "__main__":
    main()
