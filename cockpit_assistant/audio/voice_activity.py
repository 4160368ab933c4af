"""How likely it is that someone is speaking right now.

Runs the Silero VAD network (16 kHz, MIT), which takes 32 ms of sound together with the 4 ms before it and carries
a recurrent state from one step to the next. Frames of 20 ms go in; the latest step's probability comes out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import models
from ..errors import ModelError
from ..events import SAMPLE_RATE, Samples
from .files import to_float

_STEP = 512
"""New samples the network takes at a time: 32 ms."""
_CONTEXT = 64
"""Samples of the previous step that it sees again."""


class VoiceActivity:
    """Speech probability of one microphone's stream."""

    def __init__(self, model: Path | None = None) -> None:
        """Load the network; without `model` the shipped one.

        Raises:
            ModelError: the file is missing or is not this network.
        """
        import onnxruntime

        file = model or models.path("silero-vad") / "silero_vad_16k_op15.onnx"
        options = onnxruntime.SessionOptions()
        # A step takes a tenth of a millisecond: more threads would only spin on the other core.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exceptions share no base class
            raise ModelError(f"{file}: not a voice activity network ({error}).") from None
        self._rate = np.array(SAMPLE_RATE, np.int64)
        self.reset()

    def reset(self) -> None:
        """Forget the stream so far, as after a pause in the sound."""
        self._state: NDArray[np.float32] = np.zeros((2, 1, 128), np.float32)
        self._sound: NDArray[np.float32] = np.zeros(_CONTEXT, np.float32)
        self._probability = 0.0

    def probability(self, samples: Samples) -> float:
        """Take the next samples of the stream, any number; returns 0..1 for the latest 32 ms heard whole."""
        self._sound = np.concatenate([self._sound, to_float(samples)])
        while len(self._sound) >= _CONTEXT + _STEP:
            inputs = {"input": self._sound[None, : _CONTEXT + _STEP], "state": self._state, "sr": self._rate}
            output, self._state = self._session.run(None, inputs)
            self._probability = float(output[0, 0])
            self._sound = self._sound[_STEP:]
        return self._probability
