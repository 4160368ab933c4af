"""Makes tasks: the commands of a clause with what will be said of them, and the commands that take others back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..events import Language, Say, Seat, Value
from ..vehicle.mapping import Resolution
from ..vehicle.model import VehicleModel
from ..vehicle.state import VehicleState
from .tracker import Task
from .wording import Slots, Wording


class Tasks:
    """Makes the tasks of one drive."""

    def __init__(self, model: VehicleModel, wording: Wording, aimed: Callable[[str], Value | None]) -> None:
        """`aimed` tells where the latest command for a path wanted it."""
        self._model = model
        self._wording = wording
        self._aimed = aimed

    def make(self, intent: str, resolution: Resolution, slots: Slots, state: VehicleState) -> Task:
        """The task that carries an intent out."""
        started = f"utter_{intent}_started"
        task = Task(
            commands=list(resolution.commands),
            before={},
            done=Say(f"utter_{intent}", slots),
            started=Say(started, slots) if started in self._wording else None,
            thing=resolution.thing,
        )
        self.remember_state(task, state)
        return task

    def undoing(self, tasks: Sequence[Task], language: Language, seat: Seat) -> Task:
        """The task that puts back what some tasks moved."""
        commands = [command for task in reversed(tasks) for command in task.reverse("undo", seat)]
        thing = self._model.thing([command.path for command in reversed(commands)], language)
        said = Say("utter_undone", (("thing", thing),))
        return Task(commands, {}, said, None, thing, restores=True, takes_back=tuple(tasks))

    def correcting(self, wrong: Task, right: Task, language: Language, seat: Seat) -> Task | None:
        """What puts back the part of a wrong task that the right one doesn't set anew; nothing is said of it."""
        anew = {command.path for command in right.commands}
        commands = [command for command in wrong.reverse("correct", seat) if command.path not in anew]
        # What the right one sets anew was as before the wrong one.
        right.before = {**right.before, **{path: was for path, was in wrong.before.items() if path in anew}}
        right.takes_back = (wrong,)
        if not commands:
            return None
        thing = self._model.thing([command.path for command in commands], language)
        return Task(commands, {}, None, None, thing, restores=True, takes_back=(wrong,))

    def remember_state(self, task: Task, state: VehicleState) -> None:
        """Keep how things are before a task."""
        paths = [command.path for command in task.commands]
        known = {path: self._model.reverse(path, state) for path in paths}
        task.before = {path: self._exactly(path, value) for path, value in known.items() if value is not None}
        shown = [self._model.outcome(command.path, command.value)[0] for command in task.commands]
        task.shown = {path: state.value(path) for path in shown}

    def _exactly(self, path: str, value: Value) -> Value:
        """Where an actuator was sent, if it has come to rest there within its tolerance; else where it is."""
        aim, owner = self._aimed(path), self._model.signal_at(path)
        return aim if owner and aim is not None and owner[1].shows(aim, value) else value
