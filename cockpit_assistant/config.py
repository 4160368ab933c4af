"""Settings: one TOML file, then environment variables, checked on load. No file is needed.

The file is the one given with `--config`, else `cockpit.toml` in the working directory, else
`/etc/cockpit-assistant/cockpit.toml`. A variable `COCKPIT_BUS_HOST=10.0.0.2` overrides `host` in `[bus]`.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from .errors import ConfigError
from .resources import shipped

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SEARCHED = (Path("cockpit.toml"), Path("/etc/cockpit-assistant/cockpit.toml"))
PREFIX = "COCKPIT_"
_LISTS = {("wake", "phrases"), ("audio", "seats")}
"""Keys whose variable holds several values between commas."""
_NOT_SETTINGS = {"COCKPIT_CACHE"}

Seconds = Annotated[float, Field(gt=0, le=60)]
Probability = Annotated[float, Field(ge=0, le=1)]
SeatName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AudioSettings(_Section):
    """The microphone and the loudspeaker."""

    device: str | int | None = None
    """PortAudio device name or index; none takes the system's default."""
    playback: bool = True
    seats: tuple[SeatName, ...] = ()
    """Whose microphone each input channel is, in the channels' order; one or none is a single microphone."""

    @field_validator("seats")
    @classmethod
    def _differ(cls, seats: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(seats)) < len(seats):
            raise ValueError("each seat has one channel")
        return seats


class WakeSettings(_Section):
    """The wake phrases: names of models in `folder`; none takes all that are there."""

    phrases: tuple[str, ...] = ()
    folder: Path | None = None
    """Where `train wake` has put the phrases; none takes the shipped ones."""
    threshold: Probability | None = None
    """Score from which the recogniser is asked; none takes each model's own calibrated one."""
    cooldown: Seconds = 1.0


class ListenSettings(_Section):
    """Voice activity and endpointing."""

    speech_threshold: Probability = 0.5
    silence: Seconds = 0.6
    """Silence that ends an utterance."""
    silence_complete: Seconds = 0.22
    """Silence that ends an utterance which is already a complete command."""
    silence_open: Seconds = 1.2
    """Silence that ends an utterance which can't be all: 导航到, "and"."""
    silence_preview: Seconds = 0.12
    """Silence after which the recogniser decodes ahead, so that the text is there when the utterance ends."""
    no_speech_timeout: Seconds = 5.0
    """How long to wait for a command after the wake phrase."""
    longest: Seconds = 15.0
    """An utterance is cut here."""
    follow_up: Annotated[float, Field(ge=0, le=60)] = 5.0
    """How long after a reply the driver may speak without the wake phrase; 0 switches it off."""


class AsrSettings(_Section):
    """The recogniser."""

    engine: Literal["whisper", "vosk"] = "whisper"
    model: str = "whisper-base"
    """A name in the model manifest, or the path of a model folder."""
    threads: Annotated[int, Field(ge=1, le=16)] = 2


class BusSettings(_Section):
    """The MQTT broker and the vehicle on it."""

    host: str = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    vehicle: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] = "nova"
    username: str | None = None
    password: str | None = None
    ca: Path | None = None
    """PEM file of the authority that signed the broker's certificate; switches TLS on."""
    certificate: Path | None = None
    key: Path | None = None
    expiry: Seconds = 2.0
    """A set request is void this long after it was issued."""
    connect_timeout: Seconds = 5.0


class SpeechSettings(_Section):
    """The voice."""

    engine: Literal["kokoro", "espeak", "none"] = "kokoro"
    voice_zh: str = "zf_xiaobei"
    voice_en: str = "af_heart"
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.1
    threads: Annotated[int, Field(ge=1, le=16)] = 2


class TraceSettings(_Section):
    """The turn trace."""

    file: Path | None = None
    """JSON lines, one event each, appended; none writes no trace."""
    transcripts: bool = False
    """Whether the words spoken may stand in the trace."""


class Settings(_Section):
    """Everything that can be set."""

    project: Path = Field(default_factory=lambda: shipped("nlu_data"))
    """Rasa project with vehicle.yml and safety.yml."""
    language: Literal["auto", "zh", "en"] = "auto"
    """What is spoken; auto tells Mandarin and English apart by each utterance."""
    default_language: Literal["zh", "en"] = "zh"
    """Used where an utterance doesn't tell."""
    audio: AudioSettings = AudioSettings()
    wake: WakeSettings = WakeSettings()
    listen: ListenSettings = ListenSettings()
    asr: AsrSettings = AsrSettings()
    bus: BusSettings = BusSettings()
    speech: SpeechSettings = SpeechSettings()
    trace: TraceSettings = TraceSettings()


def load(file: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Raises:
        ConfigError: the file can't be read, or a key or value is wrong; the message names file, key and remedy.
    """
    environ = os.environ if environ is None else environ
    if file is None:
        file = next((candidate for candidate in SEARCHED if candidate.is_file()), None)
    values = _read(file) if file else {}
    origin: dict[tuple[str, ...], str] = {}
    for name, text in environ.items():
        if name.startswith(PREFIX) and name not in _NOT_SETTINGS:
            path = _path_of(name)
            _put(values, path, text, name)
            origin[path] = name
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(problem, file, origin) for problem in error.errors())) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{file}: can't be read ({error.strerror}). Check the path given with --config."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: not UTF-8 text. Save the file as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}.") from None


def _path_of(variable: str) -> tuple[str, ...]:
    """COCKPIT_BUS_HOST → ("bus", "host"); COCKPIT_DEFAULT_LANGUAGE → ("default_language",)."""
    name = variable[len(PREFIX) :].lower()
    section, _, key = name.partition("_")
    return (section, key) if _is_section(section) and key else (name,)


def _is_section(name: str) -> bool:
    known = Settings.model_fields.get(name)
    return known is not None and isinstance(known.annotation, type) and issubclass(known.annotation, _Section)


def _put(values: dict[str, Any], path: tuple[str, ...], text: str, variable: str) -> None:
    target = values
    for section in path[:-1]:
        target = target.setdefault(section, {})
        if not isinstance(target, dict):
            raise ConfigError(f"{variable}: `{section}` in the configuration file must be a table [{section}].")
    target[path[-1]] = text.split(",") if path in _LISTS else text


def _explain(problem: Any, file: Path | None, origin: Mapping[tuple[str, ...], str]) -> str:
    path = tuple(str(part) for part in problem["loc"])
    where = origin.get(path[:2]) or origin.get(path[:1]) or str(file or "settings")
    key = ".".join(path)
    if problem["type"] == "extra_forbidden":
        known = _keys_beside(path)
        close = difflib.get_close_matches(path[-1], known, n=1)
        remedy = f"Did you mean `{close[0]}`?" if close else f"Known keys: {', '.join(known)}."
        return f"{where}: unknown key `{key}`. {remedy}"
    return f"{where}: `{key}` = {problem['input']!r}: {problem['msg']}."


def _keys_beside(path: tuple[str, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    for section in path[:-1]:
        annotation = model.model_fields[section].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return list(model.model_fields)
