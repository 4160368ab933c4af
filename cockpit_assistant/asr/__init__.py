"""Speech recognition: one protocol, two engines."""

from __future__ import annotations

from collections.abc import Mapping

from .. import models
from ..config import AsrSettings
from ..events import Language
from .recognizer import Recognizer, RecognizerStream, Transcript

__all__ = ["Recognizer", "RecognizerStream", "Transcript", "open_recognizer"]


def open_recognizer(settings: AsrSettings, prompts: Mapping[Language, str] | None = None) -> Recognizer:
    """Load the engine and model that the settings name.

    `prompts` holds what to lean towards in each language, as `leanings.load_leanings` reads it; it is used by every
    stream that brings no prompt of its own, above all by those whose language is still open.

    Raises:
        ModelError: the model is missing, damaged or of the wrong kind, or the engine is not installed.
    """
    folder = models.locate(settings.model)
    if settings.engine == "vosk":
        from .vosk import VoskRecognizer

        return VoskRecognizer(folder)
    from .whisper import WhisperRecognizer

    return WhisperRecognizer(folder, settings.threads, prompts=prompts)
