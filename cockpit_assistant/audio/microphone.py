"""The live microphone: 20 ms frames with the time they were captured.

PortAudio delivers from a thread of its own into a queue, so that a recogniser that takes a moment loses nothing.
Devices that don't speak 16 kHz are resampled. Channels are mixed, or belong to a seat each (`zones`).
"""

from __future__ import annotations

import queue
from collections.abc import Iterator, Mapping
from types import TracebackType

import numpy as np
import soxr

from ..clock import Clock
from ..config import AudioSettings
from ..errors import AudioError
from ..events import FRAME_SAMPLES, SAMPLE_RATE, AudioFrame, Fault, Seat
from .devices import Device, choose, inputs, open_portaudio
from .files import Channels, to_float, to_int16
from .zones import Zones

_BLOCK_SECONDS = 0.02
_BACKLOG = 1500
"""Blocks that may wait: 30 seconds. A reader that far behind has stopped reading."""
_DRIFT = 0.2
"""Seconds between counted samples and the clock from which sound must have been lost."""
_STALLED = 3.0
"""Seconds without sound after which the device is taken for gone."""


class Microphone:
    """An open input device; iterate over it for its frames, and for a fault when sound is lost.

    The iteration ends when the device is gone, with a fault that says so as its last item.
    """

    def __init__(self, settings: AudioSettings, clock: Clock, seat: Seat = "driver") -> None:
        """Open the device.

        Raises:
            AudioError: there is none, or it is busy or can't deliver 16-bit sound; the message says what to do.
        """
        self._clock = clock
        self._seat = settings.seats[0] if len(settings.seats) == 1 else seat
        self._zones = Zones(settings.seats) if len(settings.seats) > 1 else None
        self._blocks: queue.Queue[tuple[bytes, float, bool]] = queue.Queue(_BACKLOG)
        self._dropped = 0
        self.overruns = 0
        """How often sound was lost because it was not taken in time."""
        self._portaudio = open_portaudio()
        try:
            self._open(settings.device)
        except BaseException:
            self._portaudio.terminate()
            raise

    def _open(self, wanted: str | int | None) -> None:
        import pyaudio

        found = inputs(self._portaudio)
        default = -1
        if found:
            default = int(self._portaudio.get_default_input_device_info()["index"])
        device = choose(found, wanted, default, "microphone")
        needed = len(self._zones.seats) if self._zones else 0
        if device.channels < needed:
            raise AudioError(
                f"microphone {device}: `seats` in [audio] names {needed}. Correct it, or choose another device."
            )
        for rate, channels in _formats(device, needed):
            try:
                self._stream = self._portaudio.open(
                    rate,
                    channels,
                    pyaudio.paInt16,
                    input=True,
                    input_device_index=device.index,
                    frames_per_buffer=round(rate * _BLOCK_SECONDS),
                    stream_callback=self._take,
                )
            except (OSError, ValueError) as error:
                refusal = error
                continue
            self.device, self._channels = device, channels
            self._resampler = (
                soxr.ResampleStream(rate, SAMPLE_RATE, needed or 1, dtype="float32")
                if rate != SAMPLE_RATE
                else None
            )
            return
        reason = refusal.args[1] if isinstance(refusal, OSError) and len(refusal.args) > 1 else refusal
        raise AudioError(
            f"microphone {device}: can't be opened ({reason}). "
            "Another program may hold it; close that, or choose another device with `device` in [audio]."
        ) from None

    def __iter__(self) -> Iterator[AudioFrame | Fault]:
        pending = np.empty((0, len(self._zones.seats) if self._zones else 1), np.int16)
        start: float | None = None
        while True:
            try:
                block, captured, lost = self._blocks.get(timeout=_STALLED)
            except queue.Empty:
                yield Fault(
                    "microphone", f"{self.device.name} has stopped delivering sound: is it still plugged in?"
                )
                return
            samples = self._converted(block)
            if lost:
                self.overruns += 1
                yield Fault("microphone", f"sound was lost ({self.overruns} times so far): the machine is too slow")
            # Arrival times jitter and samples don't, so time is counted; after a loss it is set anew.
            begins = captured - len(samples) / SAMPLE_RATE - len(pending) / SAMPLE_RATE
            if start is None or lost or abs(begins - start) > _DRIFT:
                start = begins if start is None else max(start, begins)
            pending = np.concatenate([pending, samples])
            while len(pending) >= FRAME_SAMPLES:
                yield self._frame(pending[:FRAME_SAMPLES], start)
                pending = pending[FRAME_SAMPLES:]
                start += FRAME_SAMPLES / SAMPLE_RATE

    def _take(self, data: bytes | None, count: int, times: Mapping[str, float], status: int) -> tuple[None, int]:
        """PortAudio's callback, in its own thread: keep the block and when its last sample was captured."""
        import pyaudio

        lost = bool(status & pyaudio.paInputOverflow) or self._dropped > 0
        try:
            self._blocks.put_nowait((data or b"", self._clock.now(), lost))
            self._dropped = 0
        except queue.Full:
            self._dropped += 1
        return None, pyaudio.paContinue

    def _frame(self, block: Channels, start: float) -> AudioFrame:
        return self._zones.feed(block, start) if self._zones else AudioFrame(block[:, 0], start, self._seat)

    def _converted(self, block: bytes) -> Channels:
        """The block at SAMPLE_RATE, with a channel for each seat or one in all."""
        samples = np.frombuffer(block, np.int16).reshape(-1, self._channels)
        kept = len(self._zones.seats) if self._zones else 1
        if self._resampler is None and self._channels == kept:
            return samples
        sound = to_float(samples)
        sound = sound[:, :kept] if self._zones else sound.mean(axis=1, dtype=np.float32, keepdims=True)
        return to_int16(self._resampler.resample_chunk(np.ascontiguousarray(sound)) if self._resampler else sound)

    def close(self) -> None:
        """Let go of the device."""
        self._stream.close()
        self._portaudio.terminate()

    def __enter__(self) -> Microphone:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def devices() -> tuple[Device, ...]:
    """The microphones of this machine.

    Raises:
        AudioError: PyAudio is not installed.
    """
    portaudio = open_portaudio()
    try:
        return inputs(portaudio)
    finally:
        portaudio.terminate()


def _formats(device: Device, needed: int) -> list[tuple[int, int]]:
    """Rates and channels to try, the one that needs no conversion first; at least the channels that are needed."""
    wanted = (needed, device.channels) if needed else (1, min(2, device.channels), device.channels)
    channels = dict.fromkeys(wanted)
    return [(rate, count) for rate in dict.fromkeys((SAMPLE_RATE, device.rate)) for count in channels]
