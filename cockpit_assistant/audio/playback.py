"""The loudspeaker: replies are played beside everything else and fall silent the moment someone speaks."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType

import numpy as np
import soxr

from ..errors import AudioError
from ..events import ReplySpoken, Samples
from .devices import choose, open_portaudio, outputs

_RATE = 24_000
"""What the default voice speaks at; a device that can't gets its own rate."""
_BLOCK_SECONDS = 0.02
"""How much is handed to PortAudio at a time: what is handed over can't be taken back."""
_FADE_SECONDS = 0.005
"""How fast a reply is faded out when it is cut off: a bare cut clicks."""


class Loudspeaker:
    """An open output device."""

    def __init__(self, device: str | int | None = None) -> None:
        """Open the device by index, name or part of its name; None takes the system's default.

        Raises:
            AudioError: there is none, or it is busy; the message says what to do.
        """
        self._waiting: Samples = np.empty(0, np.int16)
        self._lock = threading.Lock()
        self._portaudio = open_portaudio()
        try:
            self._open(device)
        except BaseException:
            self._portaudio.terminate()
            raise

    def _open(self, wanted: str | int | None) -> None:
        import pyaudio

        found = outputs(self._portaudio)
        default = -1
        if found:
            default = int(self._portaudio.get_default_output_device_info()["index"])
        self.device = choose(found, wanted, default, "loudspeaker")
        for rate in dict.fromkeys((_RATE, self.device.rate)):
            try:
                self._stream = self._portaudio.open(
                    rate,
                    1,
                    pyaudio.paInt16,
                    output=True,
                    output_device_index=self.device.index,
                    frames_per_buffer=round(rate * _BLOCK_SECONDS),
                    stream_callback=self._give,
                )
            except (OSError, ValueError) as error:
                refusal = error
                continue
            self._rate = rate
            return
        raise AudioError(
            f"loudspeaker {self.device}: can't be opened ({refusal}). "
            "Another program may hold it; close that, or choose another output in the system's sound settings."
        ) from None

    @property
    def playing(self) -> bool:
        """Whether anything is still to be heard."""
        return len(self._waiting) > 0

    def play(self, reply: ReplySpoken) -> None:
        """Begin to play, after what is being played already, and return at once."""
        samples = reply.samples
        if reply.sample_rate != self._rate:
            samples = soxr.resample(samples, reply.sample_rate, self._rate)
        with self._lock:
            self._waiting = np.concatenate([self._waiting, samples])

    def stop(self) -> None:
        """Fall silent: nothing more is handed to the device, which itself holds some hundredths of a second."""
        ramp = np.linspace(1, 0, round(self._rate * _FADE_SECONDS), dtype=np.float32)
        with self._lock:
            last = self._waiting[: len(ramp)]
            self._waiting = (last * ramp[: len(last)]).astype(np.int16)

    def _give(self, data: bytes | None, count: int, times: Mapping[str, float], status: int) -> tuple[bytes, int]:
        """PortAudio's callback, in its own thread: the next block, silence where there is nothing to say."""
        import pyaudio

        with self._lock:
            block, self._waiting = self._waiting[:count], self._waiting[count:]
        silence = np.zeros(count - len(block), np.int16)
        return np.concatenate([block, silence]).tobytes(), pyaudio.paContinue

    def close(self) -> None:
        """Let go of the device."""
        self._stream.close()
        self._portaudio.terminate()

    def __enter__(self) -> Loudspeaker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
