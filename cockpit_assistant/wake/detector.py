"""Hears wake phrases in a running microphone: shared speech embeddings, and a small head for each phrase.

A phrase is two files in `onnx_models/wake`: NAME.onnx, the head (16 × 96 embeddings in, score 0..1 out), and
NAME.json, its card. All phrases are listened for at once; each more costs a few microseconds every 80 ms. What a
head has noticed counts once the recogniser has confirmed it on the same sound.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from ..config import WakeSettings
from ..errors import ModelError
from ..events import SAMPLE_RATE, AudioFrame, Samples, WakeDetected
from .card import WakePhrase
from .features import CHUNK, Embeddings, FeatureNetworks, FeatureStream
from .verifier import REACH, WakeVerifier

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

HANGOVER = 0.5
"""Seconds in which a phrase is still recognised after voice activity has ended."""

ASK_AGAIN = 0.24
"""Seconds after a phrase was not confirmed until the recogniser is asked once more: it may not have ended then."""

_KEPT = round(REACH * SAMPLE_RATE / CHUNK) + 1
"""Chunks of sound kept for the recogniser."""


class WakeHead:
    """One phrase's network."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            self.phrase = WakePhrase.model_validate_json(file.with_suffix(".json").read_bytes())
            self._session: InferenceSession = onnxruntime.InferenceSession(
                str(file), options, providers=["CPUExecutionProvider"]
            )
        except (OSError, ValidationError) as error:
            raise ModelError(
                f"{file.with_suffix('.json')}: not a wake phrase's card ({error}). "
                "Train the phrase again with `cockpit-assistant train wake`."
            ) from None
        except Exception as error:  # onnxruntime's exceptions share no public base
            raise ModelError(
                f"{file}: not a usable wake word model ({error}). "
                "Train the phrase again with `cockpit-assistant train wake`."
            ) from None
        self._input = self._session.get_inputs()[0].name

    def score(self, window: Embeddings) -> float:
        """How surely the phrase has just ended, 0..1."""
        return float(self.scores(window[np.newaxis])[0])

    def scores(self, windows: Embeddings) -> Embeddings:
        """The same for n windows at once: n × WINDOW × WIDTH in, n out."""
        return np.asarray(self._session.run(None, {self._input: windows})[0], dtype=np.float32).reshape(-1)


class WakeDetector:
    """Audio frames in, wake detections out."""

    def __init__(
        self,
        heads: list[WakeHead],
        networks: FeatureNetworks,
        settings: WakeSettings,
        verifier: WakeVerifier | None = None,
    ) -> None:
        """Without `verifier` whatever a head notices counts."""
        self._heads = heads
        self._features = FeatureStream(networks)
        self._settings = settings
        self._verifier = verifier
        self._heard: deque[Samples] = deque(maxlen=_KEPT)
        self._pending: list[Samples] = []
        self._gathered = 0
        self._listen_until = -np.inf
        self._deaf_until = -np.inf

    @classmethod
    def load(cls, folder: Path, settings: WakeSettings, verifier: WakeVerifier | None = None) -> WakeDetector:
        """The phrases of the settings, from a folder of heads and cards; all in it where the settings name none.

        A phrase is named by its file (`hey_nova`) or by its words (`hey Nova`).

        Raises:
            ModelError: a named phrase isn't there, the folder has none, or a file is damaged.
        """
        there = sorted(folder.glob("*.onnx"))
        if not there:
            raise ModelError(f"{folder}: no wake phrase there. Train one with `cockpit-assistant train wake`.")
        heads = {file.stem.casefold(): WakeHead(file) for file in there}
        heads |= {head.phrase.text.casefold(): head for head in heads.values()}
        for name in settings.phrases:
            if name.casefold() not in heads:
                raise ModelError(
                    f"wake phrase `{name}` is not in {folder}; there: {', '.join(file.stem for file in there)}. "
                    "Correct `phrases` in [wake], or train it with `cockpit-assistant train wake`."
                )
        chosen = settings.phrases or [file.stem for file in there]
        return cls([heads[name.casefold()] for name in chosen], FeatureNetworks(), settings, verifier)

    @property
    def phrases(self) -> tuple[WakePhrase, ...]:
        """What is listened for, with the thresholds in force."""
        return tuple(head.phrase.model_copy(update={"threshold": self._threshold(head)}) for head in self._heads)

    def feed(self, frame: AudioFrame, active: bool = True) -> WakeDetected | None:
        """The next 20 ms. With `active` False nobody is speaking, and nothing but speech can be the phrase."""
        if active:
            self._listen_until = frame.end + HANGOVER
        self._pending.append(frame.samples)
        self._gathered += len(frame.samples)
        if self._gathered < CHUNK:
            return None
        audio = np.concatenate(self._pending)
        self._features.push(audio[:CHUNK])
        self._heard.append(audio[:CHUNK])
        self._pending, self._gathered = [audio[CHUNK:]], self._gathered - CHUNK
        if frame.end > self._listen_until or frame.time < self._deaf_until:
            return None
        window = self._features.window()
        scores = [(head.score(window), head) for head in self._heads]
        noticed = [(score, head) for score, head in scores if score >= self._threshold(head)]
        for score, head in sorted(noticed, key=lambda candidate: -candidate[0]):
            if self._is_confirmed(head.phrase):
                self._deaf_until = frame.end + self._settings.cooldown
                return WakeDetected(head.phrase.text, score, frame.end, frame.seat)
            self._deaf_until = frame.end + ASK_AGAIN
        return None

    def _is_confirmed(self, phrase: WakePhrase) -> bool:
        return self._verifier is None or self._verifier.confirms(phrase, np.concatenate(self._heard))

    def reset(self) -> None:
        """Forget what was heard, and the pause after a detection: for a jump in the audio."""
        self._features.reset()
        self._heard.clear()
        self._pending, self._gathered = [], 0
        self._listen_until = self._deaf_until = -np.inf

    def _threshold(self, head: WakeHead) -> float:
        return head.phrase.threshold if self._settings.threshold is None else self._settings.threshold
