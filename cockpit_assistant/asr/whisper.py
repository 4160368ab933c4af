"""Whisper through CTranslate2 (faster-whisper), tuned for commands of a few seconds.

Whisper encodes 30 seconds whatever was said; here the encoder sees a window sized to the utterance, which is where
most of the time goes otherwise. The whole utterance is decoded at once, so a stream has no partial results while
someone speaks, but a preview taken in the first moments of a pause is ready when the pause turns out to be the end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..audio.files import to_float
from ..errors import ModelError
from ..events import FRAME_SAMPLES, SAMPLE_RATE, Language, PartialTranscript, Samples
from .plausibility import believable
from .recognizer import Transcript
from .simplify import simplify

if TYPE_CHECKING:
    from ctranslate2 import StorageView

WINDOW = 8.0
"""Seconds of the smallest encoder window. Below it Mandarin suffers: 9 % wrong syllables at 8 s and at 30 s,
13 % at 6 s, 38 % at 3 s, on two-second commands."""
_SHORT_WINDOW = 2.5
"""The same for a phrase of which only the likelihood is wanted."""
_NEVER = 1e-9
"""Probability of what was certainly not said."""
_LONGEST = 28.0
"""Seconds decoded in one piece; what is longer is cut at its quietest place. The network's limit is 30."""
_MARGIN = 0.5
"""Seconds of silence a window must have after the sound, or the last word is repeated."""
_HOP = 160
"""Samples between two feature frames."""
_TOKENS_PER_SECOND = 12
_BEAM = 2
"""Against 1: 18 instead of 15 of 40 noisy commands word for word, a tenth more time. 4 brings nothing more."""
_SECOND_LOOK = 0.2
"""Seconds of quiet after which a preview decodes anew."""
_MUCH = 4.0
"""How many times as probable as the expected language another must be."""
_SILENT = 20.0
"""Root mean square, of 32768, below which nothing can have been said (-64 dB of full scale)."""


class WhisperRecognizer:
    """A loaded Whisper model."""

    def __init__(
        self,
        folder: Path,
        threads: int = 2,
        languages: Sequence[Language] = ("zh", "en"),
        prompts: Mapping[Language, str] | None = None,
    ) -> None:
        """Load a CTranslate2 Whisper model.

        Args:
            folder: holds model.bin, config.json, tokenizer.json and vocabulary.txt.
            threads: CPU threads of encoder and decoder.
            languages: those that are told apart where a stream's language is open.
            prompts: what to lean towards in each language, for streams that bring no prompt of their own.

        Raises:
            ModelError: the folder holds no such model, or the model doesn't know one of the languages.
        """
        from faster_whisper import WhisperModel

        if not (folder / "model.bin").is_file():
            raise ModelError(
                f"{folder}: no CTranslate2 Whisper model there (no model.bin). Check `model` in [asr]."
            )
        try:
            whisper = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{folder}: not a usable Whisper model ({error}).") from None
        self._model = whisper.model
        self._features = whisper.feature_extractor
        self._tokenizer = whisper.hf_tokenizer
        self._languages = tuple(languages)
        self._prompts = dict(prompts or {})
        self._end = self._token("<|endoftext|>")
        for language in languages:
            self._token(f"<|{language}|>")

    def open(self, language: Language | None, prompt: str = "", likely: Language | None = None) -> WhisperStream:
        """Begin an utterance; see `Recognizer.open`."""
        return WhisperStream(self, language, prompt, likely)

    def recognise(
        self, samples: Samples, language: Language | None, prompt: str = "", likely: Language | None = None
    ) -> Transcript:
        """Recognise a whole piece of sound of any length."""
        pieces = [self._recognise(piece, language, prompt, likely) for piece in _pieces(samples)]
        spoken = [piece for piece in pieces if piece.text]
        if len(spoken) <= 1:
            return spoken[0] if spoken else pieces[0]
        separator = "" if spoken[0].language == "zh" else " "
        weights = [len(piece.text) for piece in spoken]
        return Transcript(
            separator.join(piece.text for piece in spoken),
            spoken[0].language,
            float(np.average([piece.confidence for piece in spoken], weights=weights)),
        )

    def likelihood(self, samples: Samples, spellings: Sequence[str], language: Language) -> float:
        """How well a short text explains a sound; see `Recognizer.likelihood`.

        The decoder is made to say the text and not asked what it hears, so that a name it would spell in its own
        way is still known again. A window of 2.5 s tells a phrase from others as well as one of 8 s.
        """
        encoded = self._encode(samples, _SHORT_WINDOW)
        start = self._start(language)
        gap = "" if language == "zh" else " "
        likelihoods = []
        for text in spellings:
            tokens = self._tokenizer.encode(gap + text, add_special_tokens=False).ids
            aligned = self._model.align(encoded, start, [tokens], [2 * encoded.shape[1]])[0]
            likelihoods.append(float(np.mean(np.log(np.maximum(aligned.text_token_probs, _NEVER)))))
        return max(likelihoods)

    def _recognise(
        self, samples: Samples, language: Language | None, prompt: str, likely: Language | None
    ) -> Transcript:
        if loudness(samples).max(initial=0.0) < _SILENT:
            return Transcript("", language or self._languages[0], 0.0)
        seconds = len(samples) / SAMPLE_RATE
        encoded = self._encode(samples, WINDOW)
        spoken = language or self._detect(encoded, likely)
        start = self._start(spoken)
        if prompt := prompt or self._prompts.get(spoken, ""):
            words = self._tokenizer.encode(" " + prompt.strip(), add_special_tokens=False).ids
            start = [self._token("<|startofprev|>"), *words, *start]
        # CTranslate2 lets the text take no more than half of max_length.
        longest = min(448, 2 * max(len(start), round(16 + _TOKENS_PER_SECOND * seconds)))
        result = self._model.generate(
            encoded,
            [start],
            beam_size=_BEAM,
            max_length=longest,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = [token for token in result.sequences_ids[0] if token < self._end]
        probability = math.exp(result.scores[0])
        text = believable(self._tokenizer.decode(tokens), seconds, probability, result.no_speech_prob)
        if not text:
            return Transcript("", spoken, 0.0)
        return Transcript(simplify(text) if spoken == "zh" else text, spoken, probability)

    def _start(self, language: Language) -> list[int]:
        names = ("startoftranscript", language, "transcribe", "notimestamps")
        return [self._token(f"<|{name}|>") for name in names]

    def _encode(self, samples: Samples, smallest: float) -> StorageView:
        from ctranslate2 import StorageView

        seconds = max(smallest, math.ceil(len(samples) / SAMPLE_RATE + _MARGIN))
        window = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
        window[: len(samples)] = to_float(samples)
        features = self._features(window, padding=0)[:, : len(window) // _HOP]
        return self._model.encode(StorageView.from_array(np.ascontiguousarray(features[None], np.float32)))

    def _detect(self, encoded: StorageView, likely: Language | None) -> Language:
        """The likeliest of the project's languages; for another than the expected one much must speak."""
        found = dict(self._model.detect_language(encoded)[0])
        probabilities = {language: float(found.get(f"<|{language}|>", 0.0)) for language in self._languages}
        best = max(probabilities, key=lambda language: probabilities[language])
        unsure = likely in probabilities and probabilities[best] < _MUCH * probabilities[likely]
        return likely if likely and unsure else best

    def _token(self, text: str) -> int:
        token: int | None = self._tokenizer.token_to_id(text)
        if token is None:
            raise ModelError(f"The Whisper model has no token {text}: it was not made for that language or task.")
        return token


class WhisperStream:
    """One utterance: sound is collected, and decoded when asked for."""

    def __init__(
        self, recognizer: WhisperRecognizer, language: Language | None, prompt: str, likely: Language | None
    ) -> None:
        self._recognizer = recognizer
        self._language = language
        self._prompt = prompt
        self._likely = likely
        self._parts: list[Samples] = []
        self._decoded: tuple[int, Transcript] | None = None
        """How many samples the last decoding had, and what it gave."""

    def feed(self, samples: Samples) -> PartialTranscript | None:
        """Take more sound; Whisper has nothing to say before it is asked."""
        self._parts.append(samples)
        return None

    def preview(self) -> Transcript:
        """Decode what is there, unless next to nothing has followed since the last time.

        A longer pause is worth another look: with more silence behind it, the last word is sometimes read better.
        """
        return self._decode(_SECOND_LOOK)

    def finish(self) -> Transcript:
        """Decode what is there, unless only quiet has followed since the last time; nothing may be fed after it."""
        return self._decode(math.inf)

    def _decode(self, patience: float) -> Transcript:
        """Decode, or give what an earlier decoding gave if less than `patience` seconds of quiet have followed."""
        sound = np.concatenate(self._parts) if self._parts else np.empty(0, np.int16)
        self._parts = [sound]
        if self._decoded is not None:
            before, transcript = self._decoded
            if (len(sound) - before) / SAMPLE_RATE < patience and _only_quiet_since(sound, before):
                return transcript
        transcript = self._recognizer.recognise(sound, self._language, self._prompt, self._likely)
        self._decoded = (len(sound), transcript)
        return transcript


def loudness(samples: Samples) -> NDArray[np.float64]:
    """Root mean square of each 20 ms, in units of a sample; what is left over at the end is left out."""
    whole = len(samples) // FRAME_SAMPLES * FRAME_SAMPLES
    frames = samples[:whole].reshape(-1, FRAME_SAMPLES).astype(np.float64)
    levels: NDArray[np.float64] = np.sqrt((frames**2).mean(axis=1))
    return levels


def _only_quiet_since(sound: Samples, decoded: int) -> bool:
    """Whether what follows the first `decoded` samples is no louder than the pause they end with.

    A pause is 100 ms at less than half the loudest moment before; in noise too strong to tell, the answer is no.
    """
    if len(sound) == decoded:
        return True
    before, after = loudness(sound[:decoded]), loudness(sound[decoded:])
    pause = before[-5:].max(initial=0.0)
    return bool(pause < before.max(initial=0.0) / 2 and after.max(initial=0.0) <= 2 * pause + _SILENT)


def _pieces(samples: Samples) -> list[Samples]:
    """Cut what is too long for one window at its quietest places."""
    longest = round(_LONGEST * SAMPLE_RATE)
    pieces = []
    while len(samples) > longest:
        earliest = longest // 2
        quiet = np.convolve(loudness(samples[earliest:longest]), np.ones(10), "valid")  # 200 ms
        cut = earliest + (int(quiet.argmin()) + 5) * FRAME_SAMPLES
        pieces.append(samples[:cut])
        samples = samples[cut:]
    return [*pieces, samples]
