"""Putting an assistant together from settings: which project, which engines, which car."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .assistant import Assistant, Loudspeaker, Observer
from .clock import Clock
from .config import Settings
from .dialogue.domain import Domain
from .dialogue.playbook.flow import Playbook
from .dialogue.policy import Dialogue
from .dialogue.wording import Wording
from .errors import ProjectError
from .events import Language, Seat
from .listening import Completeness, Listener
from .nlu.interpreter import Interpreter
from .resources import release_memory, shipped
from .speech.voice import Voice
from .vehicle.broker import EmbeddedBroker
from .vehicle.bus import VehicleBus
from .vehicle.model import VehicleModel
from .vehicle.safety import Safety
from .vehicle.simulator import SimulatedVehicle
from .vehicle.state import VehicleState

if TYPE_CHECKING:
    from .asr.recognizer import Recognizer
    from .wake.detector import WakeDetector


@dataclass(frozen=True, slots=True)
class Project:
    """A loaded project: what one car understands, may do and says."""

    path: Path
    domain: Domain
    model: VehicleModel
    safety: Safety
    interpreter: Interpreter
    playbook: Playbook

    @classmethod
    def load(cls, path: Path, default_language: Language = "zh") -> Project:
        """Read a Rasa project with its vehicle files and its trained model.

        A project with neither vehicle.yml nor safety.yml has no car: it understands and answers, and moves nothing.

        Raises:
            ProjectError: a file is missing or wrong.
            ModelError: the project hasn't been trained.
        """
        if not path.is_dir():
            raise ProjectError(f"{path}: no such folder. --project takes the folder of a Rasa project.")
        has_car = any((path / file).exists() for file in ("vehicle.yml", "safety.yml"))
        model = VehicleModel.load(path) if has_car else VehicleModel.without_car()
        domain = Domain.load(path)
        return cls(
            path=path,
            domain=domain,
            playbook=Playbook.load(path, domain),
            model=model,
            safety=Safety.load(path, model) if has_car else Safety.without_car(model),
            interpreter=Interpreter.load(
                understanding_dir(path), model.entity_types, default_language, model.words_of, model.ask_which
            ),
        )

    def dialogue(self, wording: Wording, wall_clock: Callable[[], datetime] = datetime.now) -> Dialogue:
        """A dialogue at the beginning of a drive."""
        return Dialogue(self.model, self.safety, wording, self.playbook, wall_clock, self.interpreter.named)


def understanding_dir(project: Path) -> Path:
    """Where a project's trained understanding lies: beside the shipped models, else inside the project."""
    own = project.resolve() == shipped("nlu_data").resolve()
    return (shipped("onnx_models") if own else project / "onnx_models") / "nlu"


@dataclass(frozen=True, slots=True)
class Car:
    """A simulated vehicle on a broker of its own, and the settings that reach it."""

    vehicle: SimulatedVehicle
    broker: EmbeddedBroker
    settings: Settings


@contextlib.contextmanager
def simulated_car(project: Project, settings: Settings, clock: Clock) -> Iterator[Car]:
    """Start an embedded broker on a free port and a simulated vehicle on it; stop both at the end.

    Raises:
        BusError: the embedded broker can't be started.
    """
    with EmbeddedBroker() as broker:
        bus = settings.bus.model_copy(update={"host": broker.host, "port": broker.port, "ca": None})
        vehicle = SimulatedVehicle(bus, project.model, project.safety, clock)
        vehicle.start()
        try:
            yield Car(vehicle, broker, settings.model_copy(update={"bus": bus}))
        finally:
            vehicle.stop()


@contextlib.contextmanager
def connected_bus(project: Project, settings: Settings, clock: Clock) -> Iterator[VehicleBus]:
    """A bus client that is connected, and closed at the end.

    Raises:
        BusError: the broker can't be reached or refuses.
    """
    bus = VehicleBus(settings.bus, project.model, clock)
    bus.connect()
    try:
        yield bus
    finally:
        bus.close()


def assemble(
    project: Project,
    settings: Settings,
    bus: VehicleBus,
    clock: Clock,
    *,
    ears: Ears | None = None,
    voice: Voice | None = None,
    worker: Executor | None = None,
    loudspeaker: Loudspeaker | None = None,
    observers: Iterable[Observer] = (),
) -> Assistant:
    """An assistant for a loaded project on a connected bus; without `ears` it takes text only."""
    wording = Wording(project.domain)
    dialogue = project.dialogue(wording)
    listener = ears.listener(settings, dialogue, project, bus.state) if ears else None
    release_memory()
    return Assistant(
        project.interpreter,
        dialogue,
        wording,
        bus,
        clock,
        listener=listener,
        voice=voice,
        worker=worker,
        loudspeaker=loudspeaker,
        observers=observers,
    )


def load_wake(settings: Settings, recognizer: Recognizer | None = None) -> WakeDetector:
    """The detector for the configured wake phrases; the recogniser confirms what it notices.

    Raises:
        ModelError: a model is missing, damaged, or no phrase of that name has been trained.
    """
    from .wake.detector import WakeDetector
    from .wake.verifier import WakeVerifier

    verifier = WakeVerifier(recognizer) if recognizer else None
    return WakeDetector.load(settings.wake.folder or shipped("onnx_models") / "wake", settings.wake, verifier)


class Ears:
    """The engines that hear, loaded once and usable for any number of sessions."""

    def __init__(self, settings: Settings, project: Path, *, wake: bool = True) -> None:
        """Load voice activity, wake phrases and the recogniser. Without `wake` every utterance counts.

        Raises:
            ModelError: a model is missing or damaged.
        """
        from .asr import open_recognizer
        from .asr.leanings import load_leanings
        from .audio.voice_activity import VoiceActivity

        self.activity = VoiceActivity()
        self._leanings = load_leanings(project)
        self.recognizer = open_recognizer(settings.asr, self._leanings.prompts)
        self.wake = load_wake(settings, self.recognizer)
        self._always_awake = not wake

    def listener(self, settings: Settings, dialogue: Dialogue, project: Project, state: VehicleState) -> Listener:
        """A listener in its initial state over these engines."""

        def completeness(text: str, language: Language, seat: Seat) -> Completeness:
            if self._leanings.is_unfinished(text):
                return Completeness.OPEN
            understanding = project.interpreter.parse(text, language, seat)
            if dialogue.is_complete(understanding, state):
                return Completeness.WHOLE
            return Completeness.OPEN if dialogue.is_open(understanding, state) else Completeness.UNKNOWN

        self.activity.reset()
        self.wake.reset()
        fixed = None if settings.language == "auto" else settings.language
        return Listener(
            self.wake,
            self.activity,
            self.recognizer,
            settings.listen,
            fixed,
            settings.default_language,
            self._always_awake,
            completeness,
        )
