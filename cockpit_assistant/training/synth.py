"""`cockpit-assistant synth`: a script of what is said in a car becomes a recording of it, with labels.

The script is YAML: who says what, with which pauses, from which seat, in which noise. The recording is 16 kHz
FLAC or WAV, mono or with a channel for each seat's microphone; beside it NAME.labels.jsonl says where each line
begins and ends. The same script and seed give the same recording.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from rich.console import Console
from rich.progress import track

from ..audio import files
from ..errors import ProjectError
from ..events import SAMPLE_RATE, Language, Value
from ..speech.kokoro import PAUSE, Kokoro, model_file, read_voice, voice_folder
from ..speech.kokoro import SAMPLE_RATE as KOKORO_RATE
from ..speech.phonemes import sentences, to_phonemes
from ..vehicle.journey import Waypoint
from .acoustics import SEATS, Noise, Sound, in_cabin, make_noise, rms, spoken_level
from .microphones import heard_at, noise_at

Seconds = Annotated[float, Field(ge=0, le=120)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NoiseLayer(_Part):
    """One noise under the whole drive."""

    kind: Noise
    snr: Annotated[float, Field(ge=-30, le=60)]
    """Decibels by which speech from the driver's seat is louder."""


class Line(_Part):
    """One utterance."""

    lang: Language
    text: str = ""
    wake: str = ""
    """Wake phrase spoken first; `text` may be empty then."""
    pause: Seconds | None = None
    """Silence between wake phrase and text; none says both in one breath."""
    gap: Seconds | None = None
    """Silence after the line; none takes the script's."""
    voice: str | None = None
    speed: Annotated[float, Field(ge=0.5, le=2.0)] | None = None
    seat: str = "driver"
    expect: dict[str, JsonValue] = {}
    """What should come of it; copied to the labels."""


class Script(_Part):
    """A drive, as written in its YAML file."""

    voices: dict[Language, str]
    """Kokoro voice or blend for each language, such as `am_puck+am_adam*0.5`."""
    lines: tuple[Line, ...]
    seed: int = 0
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    lead_in: Seconds = 1.0
    gap: Seconds = 4.0
    level: Annotated[float, Field(ge=-60, le=-6)] = -24.0
    """Level of speech from the driver's seat, in decibels below full scale."""
    noise: tuple[NoiseLayer, ...] = ()
    cabin: bool = True
    """Whether reflections and distance are added."""
    state: dict[str, Value] = {}
    """The car's state when the drive begins, for the replay."""
    journey: tuple[Waypoint, ...] = ()
    """How the car's sensors go on from there, for the replay."""
    fails: dict[str, str] = {}
    """Actuators that misbehave in the drive, for the replay."""
    format: Literal["mono", "stereo44"] = "mono"
    """stereo44 writes 44.1 kHz with two channels, as phones record."""
    microphones: tuple[str, ...] = ()
    """Seats with a microphone of their own, a channel each; none is one microphone in the roof console."""


def synthesise(script: Path, out: Path, console: Console) -> list[Path]:
    """Make the recording and, if anything is said in it, its labels; returns the files made.

    Progress goes to the console.

    Raises:
        ProjectError: the script can't be read, or a key or value in it is wrong.
        ModelError: a voice, the model or espeak-ng is missing.
    """
    plan = read_script(script)
    speakers = Speakers(plan)
    loudness = 10 ** (plan.level / 20)
    pieces: list[Sound] = [_silence(plan.lead_in)]
    labels: list[dict[str, JsonValue]] = []
    for line in track(plan.lines, "Synthesising", console=console, transient=True):
        spoken = speakers.say(line)
        spoken *= np.float32(loudness / max(spoken_level(spoken), 1e-6))
        start = sum(map(len, pieces)) / SAMPLE_RATE
        labels.append(_label(line, speakers.voice_of(line), start, start + len(spoken) / SAMPLE_RATE))
        pieces.append(_placed(spoken, line.seat, plan)[: len(spoken)])
        pieces.append(_silence(plan.gap if line.gap is None else line.gap))
    drive = np.concatenate([_of_channels(piece, len(plan.microphones)) for piece in pieces])
    for number, layer in enumerate(plan.noise):
        noise = _noise(layer.kind, len(drive) / SAMPLE_RATE, plan.seed + number, plan)[: len(drive)]
        drive += noise * np.float32(loudness * 10 ** (-layer.snr / 20) / max(rms(noise), 1e-9))
    _write(drive, out, plan.format)
    if not labels:
        return [out]
    label_file = out.with_suffix(".labels.jsonl")
    lines = [json.dumps(label, ensure_ascii=False) + "\n" for label in labels]
    label_file.write_text("".join(lines), encoding="utf-8")
    return [out, label_file]


class Speakers:
    """Kokoro with the voices of a script."""

    def __init__(self, plan: Script) -> None:
        """Raises ModelError where a voice, the model or espeak-ng is missing."""
        self._plan = plan
        names = {*plan.voices.values(), *(line.voice for line in plan.lines if line.voice)}
        folder = voice_folder(names)
        self._styles = {name: read_voice(name, folder) for name in names}
        self._kokoro = Kokoro(model_file())

    def voice_of(self, line: Line) -> str:
        """The line's own voice, else that of its language."""
        return line.voice or self._plan.voices[line.lang]

    def say(self, line: Line) -> Sound:
        """Wake phrase and text: in one breath, or with the line's pause between them."""
        if line.wake and line.text and line.pause is None:
            return self._read(line.wake + ("，" if line.lang == "zh" else ", ") + line.text, line)
        return np.concatenate([self._read(line.wake, line), _silence(line.pause or 0), self._read(line.text, line)])

    def _read(self, text: str, line: Line) -> Sound:
        voice, pieces = self.voice_of(line), [_silence(0)]
        for sentence in sentences(text):
            phonemes = to_phonemes(sentence, line.lang, british=voice.startswith("b"))
            sound = self._kokoro.synthesise(phonemes, self._styles[voice], line.speed or self._plan.speed)
            pieces += [_silence(PAUSE if len(pieces) > 1 else 0), _resampled(sound)]
        return np.concatenate(pieces)


def read_script(file: Path) -> Script:
    """A drive script.

    Raises:
        ProjectError: it can't be read, isn't YAML, or a key or value is wrong; names file, key and remedy.
    """
    try:
        plan = Script.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise ProjectError(f"{file}: can't be read ({error.strerror}). Give the path of a drive script.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ProjectError(f"{file}: not a YAML file: {error}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"])) or "the file"
        raise ProjectError(f"{file}: {where}: {problem['msg']}.") from None
    for number, line in enumerate(plan.lines):
        if line.lang not in plan.voices and not line.voice:
            raise ProjectError(f"{file}: lines.{number}: no voice for `{line.lang}`. Add one under `voices`.")
        if line.seat not in SEATS:
            raise ProjectError(f"{file}: lines.{number}: no seat `{line.seat}`; there are {', '.join(SEATS)}.")
        if not line.wake and not line.text:
            raise ProjectError(f"{file}: lines.{number}: has neither `wake` nor `text`.")
    for seat in plan.microphones:
        if seat not in SEATS or plan.microphones.count(seat) > 1:
            raise ProjectError(f"{file}: microphones: one for each of {', '.join(SEATS)}, and not `{seat}` here.")
    if plan.microphones and (plan.format != "mono" or not plan.cabin):
        raise ProjectError(f"{file}: microphones: need a cabin, and no `format`.")
    return plan


def _label(line: Line, voice: str, start: float, end: float) -> dict[str, JsonValue]:
    label: dict[str, JsonValue] = {"start": round(start, 3), "end": round(end, 3), "lang": line.lang}
    label |= {"wake": line.wake, "text": line.text, "seat": line.seat, "voice": voice}
    return label | ({"expect": line.expect} if line.expect else {})


def _placed(spoken: Sound, seat: str, plan: Script) -> Sound:
    """A line as the drive's microphone, or each of its microphones, hears it."""
    if plan.microphones:
        return heard_at(spoken, seat, plan.microphones)
    return in_cabin(spoken, seat) if plan.cabin else spoken


def _noise(kind: Noise, seconds: float, seed: int, plan: Script) -> Sound:
    return noise_at(kind, seconds, seed, plan.microphones) if plan.microphones else make_noise(kind, seconds, seed)


def _of_channels(piece: Sound, count: int) -> Sound:
    """Silence as wide as the rest of the drive."""
    return np.repeat(piece[:, None], count, axis=1) if count and piece.ndim == 1 else piece


def _silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)


def _resampled(sound: Sound) -> Sound:
    import soxr

    return np.asarray(soxr.resample(sound, KOKORO_RATE, SAMPLE_RATE), dtype=np.float32)


def _write(drive: Sound, out: Path, form: str) -> None:
    if form == "mono":
        files.write(out, files.to_int16(drive))
        return
    import soundfile
    import soxr

    wide = soxr.resample(drive, SAMPLE_RATE, 44_100)
    soundfile.write(out, np.stack([wide, 0.8 * wide], axis=1), 44_100, subtype="PCM_16")
