"""What the tests of the dialogue share: a talk in a parked car, and short ways to say things."""

from __future__ import annotations

from datetime import datetime

from cockpit_assistant.dialogue.domain import Domain
from cockpit_assistant.dialogue.playbook.flow import Playbook
from cockpit_assistant.dialogue.policy import Dialogue
from cockpit_assistant.dialogue.wording import Wording, together
from cockpit_assistant.events import Clause, Command, CommandConfirmed, Decision, Entity, Understanding
from cockpit_assistant.resources import shipped
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.safety import Safety

PROJECT = shipped("nlu_data")
MODEL = VehicleModel.load(PROJECT)
SAFETY = Safety.load(PROJECT, MODEL)
DOMAIN = Domain.load(PROJECT)
PLAYBOOK = Playbook.load(PROJECT, DOMAIN)
WINDOW = "Vehicle.Cabin.Door.Row1.{}.Window.Position"
TEMPERATURE = "Vehicle.Cabin.HVAC.Station.Row1.{}.Temperature"


def clause(intent: str, **entities: object) -> Clause:
    return Clause(intent, intent, 1.0, tuple(Entity(n, v, 0, 0, str(v)) for n, v in entities.items()))  # type: ignore[arg-type]


class Talk:
    """A dialogue in a parked car, with the words it says."""

    def __init__(self, language: str = "zh") -> None:
        self.wording = Wording(DOMAIN)
        self.dialogue = Dialogue(MODEL, SAFETY, self.wording, PLAYBOOK, lambda: datetime(2026, 5, 1, 15, 5))
        self.state = MODEL.initial_state()
        self.language = language
        self.now = 0.0
        self.requests = 0

    def hear(self, *clauses: Clause, seat: str = "driver", text: str = "…") -> Decision:
        for path, value in list(self.state.items()):
            self.state.put(path, value, self.now)  # the car keeps reporting
        understanding = Understanding(text, self.language, seat, clauses)
        return self.dialogue.decide(understanding, self.state, self.now)

    def next_id(self) -> str:
        self.requests += 1
        return f"request-{self.requests}"

    def words(self, decision: Decision) -> str:
        return together([self.wording.of(say, self.language) for say in decision.say], self.language)

    def confirm(self, *commands: Command) -> None:
        for command in commands:
            before = self.state.value(command.path)
            self.state.put(command.path, command.value, self.now)
            self.dialogue.note(CommandConfirmed(self.next_id(), command, before))

    def reports(self) -> str:
        due = self.dialogue.report(self.state, self.now)
        return together([self.wording.of(say, language) for say, language, _ in due], self.language)
