"""The sound devices of this machine, through PortAudio."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import AudioError

if TYPE_CHECKING:
    from pyaudio import PyAudio


@dataclass(frozen=True, slots=True)
class Device:
    """A device sound can be taken from, or played on."""

    index: int
    name: str
    channels: int
    """The most it has."""
    rate: int
    """Samples per second it prefers."""

    def __str__(self) -> str:
        return f"{self.index}: {self.name} ({self.channels} channels, {self.rate} Hz)"


def open_portaudio() -> PyAudio:
    """Start PortAudio; whoever calls terminates it.

    Raises:
        AudioError: PyAudio is not installed.
    """
    try:
        import pyaudio
    except ImportError:
        raise AudioError(
            "PyAudio is not installed. Install portaudio19-dev and a C compiler, "
            "then run `pip install 'cockpit-assistant[mic]'`."
        ) from None
    _hush_alsa()
    with _quiet_stderr():
        return pyaudio.PyAudio()


def inputs(portaudio: PyAudio) -> tuple[Device, ...]:
    """The devices that sound can be taken from."""
    return _devices(portaudio, "maxInputChannels")


def outputs(portaudio: PyAudio) -> tuple[Device, ...]:
    """The devices that sound can be played on."""
    return _devices(portaudio, "maxOutputChannels")


def choose(devices: tuple[Device, ...], wanted: str | int | None, default: int, what: str) -> Device:
    """The wanted device by index, name or part of its name; None takes the one with the index `default`.

    Raises:
        AudioError: there is none, or the name fits none or several; lists what there is.
    """
    if not devices:
        raise AudioError(f"This machine has no {what}. Plug one in, or check that its sound server is running.")
    if wanted is None:
        fitting = [device for device in devices if device.index == default] or list(devices[:1])
    elif isinstance(wanted, int):
        fitting = [device for device in devices if device.index == wanted]
    else:
        exact = [device for device in devices if device.name == wanted]
        fitting = exact or [device for device in devices if wanted.lower() in device.name.lower()]
    if len(fitting) == 1:
        return fitting[0]
    problem = "fits several" if fitting else "there is none"
    known = "\n  ".join(str(device) for device in devices)
    raise AudioError(f"{what} {wanted!r}: {problem}. Set `device` in [audio] to one of these:\n  {known}")


def _devices(portaudio: PyAudio, channels: str) -> tuple[Device, ...]:
    infos = [portaudio.get_device_info_by_index(index) for index in range(portaudio.get_device_count())]
    return tuple(
        Device(int(info["index"]), str(info["name"]), int(info[channels]), int(info["defaultSampleRate"]))
        for info in infos
        if int(info[channels]) > 0
    )


@functools.cache
def _hush_alsa() -> object:
    """Keep ALSA from writing a line to the terminal for each underrun.

    Returns what has to stay alive as long as ALSA may call it.
    """
    handler = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p)(
        lambda file, line, function, error, message: None
    )
    with contextlib.suppress(OSError, AttributeError):  # PortAudio without ALSA, as on a Mac
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(handler)
    return handler


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keep ALSA and JACK from printing a page about devices nobody asked for: they write to descriptor 2."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
