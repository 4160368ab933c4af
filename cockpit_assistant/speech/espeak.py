"""espeak-ng, called as a program (it is GPL and never linked): the light voice, and the reader of English spelling.

The program is a few megabytes and answers within a few milliseconds, so each request starts it anew.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator, Mapping

from ..errors import ModelError
from ..events import Language
from .voice import Speech

PROGRAM = "espeak-ng"
VOICES: Mapping[Language, str] = {"zh": "cmn", "en": "en-us"}
WORDS_PER_MINUTE = 165
TIMEOUT = 20.0


def run_espeak(arguments: list[str], text: str) -> bytes:
    """What espeak-ng writes to standard output for a text.

    Raises:
        ModelError: the program isn't installed, or it failed.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise ModelError(
            f"{PROGRAM} is not installed; the assistant needs it to read English aloud. "
            f"Install it, on Debian and Ubuntu with `apt-get install {PROGRAM}`."
        )
    try:
        done = subprocess.run(
            [program, *arguments, "--stdin"],
            input=text.encode(),
            capture_output=True,
            check=True,
            timeout=TIMEOUT,
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise ModelError(f"{program} failed: {said or f'exit status {error.returncode}'}.") from None
    except subprocess.TimeoutExpired:
        raise ModelError(f"{program} did not answer within {TIMEOUT:.0f} s. Try it by hand in a shell.") from None
    return done.stdout


class EspeakVoice:
    """The espeak-ng voice: robotic, instant, a few megabytes."""

    def __init__(self, speed: float = 1.0, voices: Mapping[Language, str] = VOICES) -> None:
        self._speed = speed
        self._voices = voices

    @property
    def name(self) -> str:
        """`espeak` with its speed."""
        return f"espeak-{self._speed:g}"

    def speak(self, text: str, language: Language) -> Speech:
        """The text as sound at espeak-ng's own 22.05 kHz; a language without a voice is passed on by its code."""
        import numpy as np
        import soundfile

        if not any(character.isalnum() for character in text):
            return Speech(np.zeros(0, dtype=np.int16), 22_050)
        voice = self._voices.get(language, language)
        speed = str(round(WORDS_PER_MINUTE * self._speed))
        wav = run_espeak(["-v", voice, "-s", speed, "--stdout"], text)
        samples, rate = soundfile.read(io.BytesIO(wav), dtype="int16")
        return Speech(samples, rate)

    def stream(self, text: str, language: Language) -> Iterator[Speech]:
        """One piece: there is nothing to gain from more."""
        yield self.speak(text, language)
