"""What wake words are recognised by: speech embeddings, 96 numbers for every 80 ms, from a running microphone.

A melspectrogram network turns audio into 32 bands every 10 ms; Google's speech embedding network (Apache-2.0,
converted by openWakeWord) turns 76 of those spectra, 0.76 s, into one embedding. Both run along with the sound:
each layer of the embedding remembers its last rows, so nothing is computed twice (see `training.wake_stream`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import models
from ..errors import ModelError
from ..events import Samples

CHUNK = 1280
"""Samples between two embeddings: 80 ms."""

WINDOW = 16
"""Embeddings a wake word's head looks at: they span 1.96 s."""

WIDTH = 96
"""Numbers in an embedding."""

MODEL = "speech-embedding"
STREAMING = "embedding_stream.onnx"

_BANDS = 32
_OVERLAP = 480
"""Samples before a chunk that its first spectra reach back to: a window of 512 moved by 160."""

_SETTLING = 26
"""Chunks of silence after which window and layers hold nothing but silence."""

_TRACE = np.rint(10 * np.random.default_rng(0).standard_normal(CHUNK)).astype(np.int32)

Embeddings = NDArray[np.float32]
"""Embeddings, n × WIDTH, or windows of them, n × WINDOW × WIDTH."""


class FeatureNetworks:
    """The two networks, on one thread: they are small, and the other core belongs to the recogniser."""

    def __init__(self, folder: Path | None = None) -> None:
        import onnxruntime

        folder = folder or models.path(MODEL)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            self._mel, self._embedding = (
                onnxruntime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])
                for name in ("melspectrogram.onnx", STREAMING)
            )
        except Exception as error:  # onnxruntime's exceptions share no public base
            raise ModelError(f"{folder}: the speech embedding networks can't be loaded ({error}).") from None
        self._states = [value for value in self._embedding.get_inputs() if value.name != "spectra"]

    def mel(self, samples: Samples) -> NDArray[np.float32]:
        """Spectra × 32 bands; n samples give (n − 512) / 160 + 1 of them, scaled as the embedding expects."""
        audio = samples.astype(np.float32)[np.newaxis]
        decibels = np.asarray(self._mel.run(None, {"input": audio})[0]).reshape(-1, _BANDS)
        return np.asarray(decibels / 10 + 2, dtype=np.float32)

    def embed(
        self, spectra: NDArray[np.float32], states: list[NDArray[np.float32]]
    ) -> tuple[Embeddings, list[NDArray[np.float32]]]:
        """One embedding for each 8 spectra, and the layers' memories to go on with."""
        memories = {value.name: state for value, state in zip(self._states, states, strict=True)}
        embeddings, *after = self._embedding.run(None, {"spectra": spectra, **memories})
        return embeddings, after

    def blank(self) -> list[NDArray[np.float32]]:
        """The layers' memories before anything was heard."""
        return [np.zeros(value.shape, dtype=np.float32) for value in self._states]


class FeatureStream:
    """Embeddings of the last 1.96 s of one microphone."""

    def __init__(self, networks: FeatureNetworks) -> None:
        self._networks = networks
        self._before = np.zeros(_OVERLAP, dtype=np.int16)
        self._states = networks.blank()
        self._window = np.zeros((WINDOW, WIDTH), dtype=np.float32)
        self.push(np.zeros(_SETTLING * CHUNK, dtype=np.int16))
        self._silence = (self._before, self._states, self._window)

    def push(self, chunk: Samples) -> Embeddings:
        """Take the next CHUNK samples, or some whole number of chunks; returns an embedding for each."""
        audio = np.concatenate([self._before, with_trace_of_noise(chunk)])
        # Chunk by chunk, since the spectra depend on what they are computed together with: their floor is
        # 80 dB below the loudest.
        spectra = [self._networks.mel(audio[at : at + CHUNK + _OVERLAP]) for at in range(0, len(chunk), CHUNK)]
        fresh, self._states = self._networks.embed(np.concatenate(spectra), self._states)
        self._before = audio[-_OVERLAP:]
        self._window = np.concatenate([self._window, fresh])[-WINDOW:]
        return fresh

    def window(self) -> Embeddings:
        """WINDOW × WIDTH, the latest last."""
        return self._window

    def reset(self) -> None:
        """Forget everything heard: as if there had been silence."""
        self._before, self._states, self._window = self._silence


def with_trace_of_noise(chunks: Samples) -> Samples:
    """Whole chunks with noise of −70 dB added, what the quietest microphone has.

    Digital silence between the words of an edited recording is something no network has heard: without the
    noise a quarter of clean synthesised phrases was missed, with it one of 65.
    """
    noisy = chunks.reshape(-1, CHUNK) + _TRACE
    whole: Samples = np.clip(noisy, -32768, 32767).astype(np.int16).reshape(-1)
    return whole


def embed_audio(samples: Samples, networks: FeatureNetworks) -> Embeddings:
    """The embeddings of a recording after silence, as a FeatureStream computes them: one for each whole CHUNK."""
    stream = FeatureStream(networks)
    return stream.push(samples[: len(samples) // CHUNK * CHUNK])
