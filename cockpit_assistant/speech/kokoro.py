"""Kokoro-82M, an Apache-2.0 voice with Mandarin and English speakers: int8 ONNX, 24 kHz, about 0.35× real time.

A voice is a table of 510 × 256 numbers: one style vector for each length of sentence in tokens. A weighted mean
of tables is a voice of its own. Two tables ship with the assistant; the others come with the model
`kokoro-voices` and serve training and recorded drives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import models
from ..errors import ModelError
from ..events import Language
from ..resources import shipped
from .phonemes import LONGEST, sentences, to_phonemes, to_tokens
from .voice import Speech

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SAMPLE_RATE = 24_000
MODEL = "kokoro-82m-int8"
ALL_VOICES = "kokoro-voices"
PAUSE = 0.18
"""Silence between two sentences, in seconds."""

_STYLE = 256
_ROWS = 510
_LEVEL = 0.09
"""Root mean square of the spoken parts, of full scale: all voices are equally loud."""
_PEAK = 0.89
_QUIET = 0.01
"""Below this share of the peak counts as silence at the edges."""

StyleTable = NDArray[np.float32]
"""510 × 256: the style vector for each number of tokens."""


class Kokoro:
    """The network: tokens, a style and a speed in, sound out."""

    def __init__(self, model: Path, threads: int = 2) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Every sentence has another shape: remembered allocation patterns only cost memory.
        options.enable_mem_pattern = False
        # Threads that wait for each other by spinning take the cores from the recogniser.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: InferenceSession = onnxruntime.InferenceSession(
                str(model), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's exceptions share no public base
            raise ModelError(
                f"{model}: not a usable model ({error}). Run `cockpit-assistant models pull {MODEL}`."
            ) from None
        # Gives the working memory of a sentence back. (Without an arena it is slower and peaks 150 MB higher.)
        self._run = onnxruntime.RunOptions()
        self._run.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def synthesise(self, phonemes: str, style: StyleTable, speed: float = 1.0) -> NDArray[np.float32]:
        """One sentence as samples at SAMPLE_RATE, −1..1, of the usual level, without silence around it.

        Phonemes beyond the 510 that Kokoro takes are dropped: cut the text into `sentences` first.
        """
        tokens = to_tokens(phonemes)[:LONGEST]
        if not tokens:
            return np.zeros(0, dtype=np.float32)
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": style[min(len(tokens), _ROWS) - 1][np.newaxis].astype(np.float32),
            "speed": np.array([speed], dtype=np.float32),
        }
        audio = np.asarray(self._session.run(None, inputs, self._run)[0], dtype=np.float32).reshape(-1)
        return _level(_trim(audio))


class KokoroVoice:
    """Kokoro with a speaker for each language."""

    def __init__(self, kokoro: Kokoro, speakers: Mapping[Language, str], folder: Path, speed: float = 1.0) -> None:
        self._kokoro = kokoro
        self._speakers = dict(speakers)
        self._styles = {language: read_voice(name, folder) for language, name in speakers.items()}
        self._speed = speed

    @classmethod
    def load(cls, speakers: Mapping[Language, str], *, speed: float = 1.0, threads: int = 2) -> KokoroVoice:
        """The pulled model with voices from `onnx_models/voices`, or, where they aren't there, the pulled ones.

        Raises:
            ModelError: the model or a voice is missing.
        """
        return cls(Kokoro(model_file(), threads), speakers, voice_folder(speakers.values()), speed)

    @property
    def name(self) -> str:
        """`kokoro` with speakers and speed."""
        return "-".join(["kokoro", *(self._speakers[key] for key in sorted(self._speakers)), f"{self._speed:g}"])

    def speak(self, text: str, language: Language) -> Speech:
        """All sentences, with a short pause between them."""
        pieces = [piece.samples for piece in self.stream(text, language)]
        return Speech(np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16), SAMPLE_RATE)

    def stream(self, text: str, language: Language) -> Iterator[Speech]:
        """Sentence by sentence; each but the first begins with the pause before it."""
        if language not in self._styles:
            raise ModelError(f"No Kokoro voice is set for `{language}`; there are {', '.join(self._styles)}.")
        style, british = self._styles[language], self._speakers[language].startswith("b")
        pause = np.zeros(0, dtype=np.int16)
        for sentence in sentences(text):
            phonemes = to_phonemes(sentence, language, british=british)
            audio = self._kokoro.synthesise(phonemes, style, self._speed)
            if len(audio):
                yield Speech(np.concatenate([pause, (audio * 32767).astype(np.int16)]), SAMPLE_RATE)
                pause = np.zeros(round(PAUSE * SAMPLE_RATE), dtype=np.int16)


def model_file() -> Path:
    """The pulled network.

    Raises:
        ModelError: it isn't there or is damaged.
    """
    folder = models.path(MODEL)
    return next(iter(sorted(folder.glob("*.onnx"))), folder / "kokoro.onnx")


def voice_folder(voices: Iterable[str]) -> Path:
    """The folder that has all these voices or blends: the shipped one if it can, else the pulled one.

    Raises:
        ModelError: some aren't shipped, and the others haven't been pulled.
    """
    folder = shipped("onnx_models") / "voices"
    names = {part.partition("*")[0].strip() for voice in voices for part in voice.split("+")}
    return folder if all(voice_file(name, folder).is_file() for name in names) else models.path(ALL_VOICES)


def voice_file(name: str, folder: Path) -> Path:
    """Where a voice lies in a folder: `NAME.npy` (ours, half precision) or `NAME.bin` (as published)."""
    packed = folder / f"{name}.npy"
    return packed if packed.is_file() else folder / f"{name}.bin"


def read_voice(name: str, folder: Path) -> StyleTable:
    """A voice by name, or a blend: `af_nova` or `af_nova+am_puck*0.5` (weights default to 1).

    Raises:
        ModelError: a voice is missing or its file isn't a style table, or a weight isn't a positive number.
    """
    total = np.zeros((_ROWS, _STYLE), dtype=np.float32)
    weights = 0.0
    for part in name.split("+"):
        single, _, factor = part.partition("*")
        try:
            weight = float(factor or 1)
        except ValueError:
            weight = 0.0
        if weight <= 0:
            raise ModelError(f"voice `{name}`: {factor!r} is no positive weight. Write it like `af_nova*0.5`.")
        total += weight * _read_table(single.strip(), folder)
        weights += weight
    return np.asarray(total / weights, dtype=np.float32)


def _read_table(name: str, folder: Path) -> StyleTable:
    file = voice_file(name, folder)
    try:
        table = np.load(file) if file.suffix == ".npy" else np.fromfile(file, dtype="<f4")
        return np.asarray(table.reshape(_ROWS, _STYLE), dtype=np.float32)
    except FileNotFoundError:
        there = sorted({found.stem for found in folder.glob("*") if found.suffix in {".npy", ".bin"}})
        raise ModelError(
            f"voice `{name}` is not in {folder}. There: {', '.join(there) or 'none'}. "
            f"Run `cockpit-assistant models pull {ALL_VOICES}` for all of them."
        ) from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: not a Kokoro voice ({error}). Delete it and pull it again.") from None


def _trim(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut silence off both ends, leaving 20 ms before and 60 ms after."""
    hop = SAMPLE_RATE // 100
    hops = len(audio) // hop
    if not hops:
        return audio
    peaks = np.abs(audio[: hops * hop]).reshape(hops, hop).max(axis=1)
    loud = np.flatnonzero(peaks > _QUIET * peaks.max()) if peaks.max() > 0 else np.zeros(0, dtype=np.int64)
    if not len(loud):
        return np.zeros(0, dtype=np.float32)
    return audio[max(0, int(loud[0]) - 2) * hop : (int(loud[-1]) + 7) * hop]


def _level(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    if not len(audio):
        return audio
    peak = float(np.abs(audio).max())
    voiced = audio[np.abs(audio) > 0.02 * peak] if peak > 0 else audio
    rms = float(np.sqrt(np.mean(np.square(voiced)))) if len(voiced) else 0.0
    if rms == 0:
        return audio
    return np.asarray(audio * min(_LEVEL / rms, _PEAK / peak), dtype=np.float32)
