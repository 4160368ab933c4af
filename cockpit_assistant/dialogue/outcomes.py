"""What is said of commands once it is known what the car has done, and no sooner."""

from __future__ import annotations

from collections.abc import Sequence

from ..events import Failure, Language, Say
from ..vehicle.model import VehicleModel
from ..vehicle.requests import SUPERSEDED
from ..vehicle.state import VehicleState
from .tracker import Errand, Task
from .wording import Wording


def news(errand: Errand, model: VehicleModel, wording: Wording, state: VehicleState) -> list[Say]:
    """What is new about an errand: outcomes of its tasks, or that one which takes long has started to move."""
    said: list[Say] = []
    for task in errand.tasks:
        if task.settled and not task.reported:
            task.reported = True
            said.extend(_outcome(task, errand.language, model, wording))
        elif not task.settled and not task.announced and task.started and _moves(task, state):
            task.announced = True
            said.append(task.started)
    return said


def is_good(said: Sequence[Say], errand: Errand) -> bool:
    """Whether what is said of an errand is good news and nothing else."""
    good = {say for task in errand.tasks for say in (task.done, task.started) if not task.failed}
    return bool(said) and good.issuperset(said)


def _moves(task: Task, state: VehicleState) -> bool:
    """Whether the car shows that something of it is under way."""
    return bool(task.confirmed) or any(state.value(path) != was for path, was in task.shown.items())


def _outcome(task: Task, language: Language, model: VehicleModel, wording: Wording) -> list[Say]:
    if not task.failed:
        return [task.done] if task.done and not task.announced else []
    if all(failed.reason == SUPERSEDED for failed in task.failed):
        return []  # the speaker has asked for something else since
    failed = task.failed[0]
    if failed.reason.startswith("utter_") and failed.reason in wording:
        return [Say(failed.reason, task.about)]
    if task.confirmed:
        moved = model.thing([outcome.command.path for outcome in task.confirmed], language)
        thing = model.thing([outcome.command.path for outcome in task.failed], language)
        return [Say("utter_failed_partly", (("moved", moved), ("thing", thing)))]
    kind = Failure.REJECTED if failed.failure is Failure.REFUSED else failed.failure
    return [Say(f"utter_failed_{kind.value}", (("thing", task.thing),))]
