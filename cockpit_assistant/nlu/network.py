"""Opens the compiled networks of understanding: ONNX, on one thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError
from .model import REMEDY

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


def open_network(file: Path) -> InferenceSession:
    """A session for a network; for a sentence of a dozen tokens more threads than one only cost time.

    Raises:
        ModelError: the file is missing or damaged.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own, unexported types
        raise ModelError(f"{file}: not a usable network ({error}). {REMEDY}") from None
