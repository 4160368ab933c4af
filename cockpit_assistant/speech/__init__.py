"""Text to speech: one protocol, two engines, chosen by the `[speech]` settings."""

from __future__ import annotations

from ..config import SpeechSettings
from .voice import PhraseCache, Speech, Voice

__all__ = ["PhraseCache", "Speech", "Voice", "open_voice"]


def open_voice(settings: SpeechSettings) -> Voice | None:
    """The voice of the settings behind a phrase cache; None where the engine is `none`.

    Raises:
        ModelError: a model, a voice file or the espeak-ng program is missing; the message says what to do.
    """
    if settings.engine == "none":
        return None
    if settings.engine == "espeak":
        from .espeak import EspeakVoice

        return PhraseCache(EspeakVoice(speed=settings.speed))
    from .kokoro import KokoroVoice

    kokoro = KokoroVoice.load(
        {"zh": settings.voice_zh, "en": settings.voice_en}, speed=settings.speed, threads=settings.threads
    )
    return PhraseCache(kokoro)
