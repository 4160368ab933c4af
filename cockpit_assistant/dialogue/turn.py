"""The decision about one utterance while it is being made."""

from __future__ import annotations

from ..events import Decision, Language, Route, Say, Seat
from .tracker import Task

_BY_WEIGHT = (Route.COMMAND, Route.CONFIRM, Route.QUESTION, Route.REFUSE, Route.CHAT)


class Turn:
    """What an utterance sets going, and what is said at once."""

    def __init__(self, language: Language, seat: Seat) -> None:
        self.language = language
        self.seat = seat
        self.tasks: list[Task] = []
        self.ends = False
        """Whether the speaker is done with the assistant."""
        self.took_back = False
        """Whether a part of the sentence takes back another: 打开天窗，算了."""
        self.dismisses = False
        """Whether the speaker doesn't want to go on with what he was asked."""
        self.asks = False
        """Whether the assistant has asked something."""
        self.confirms = False
        """Whether the assistant has asked for a yes."""
        self._say: list[Say] = []
        self._routes: list[Route] = []

    def start(self, task: Task) -> None:
        """Set a task going; where it contradicts what the same sentence asked for before, the later words count."""
        if any(earlier.wants(task.commands) for earlier in self.tasks):
            return  # said twice
        wanted = {command.path: command.value for command in task.commands}
        task.begun = True
        for undone in task.takes_back:
            undone.restored = True
        for earlier in self.tasks:
            earlier.commands = [c for c in earlier.commands if wanted.get(c.path, c.value) == c.value]
        self.tasks = [*(earlier for earlier in self.tasks if earlier.commands), task]

    def talk(self, route: Route, say: Say) -> None:
        """Say something at once."""
        self.asks = self.asks or route is Route.CONFIRM
        self._routes.append(route)
        self._say.append(say)

    def ask(self, say: Say) -> None:
        """Ask something."""
        self.asks = True
        self.talk(Route.QUESTION, say)

    def decision(self) -> Decision:
        """A command wins over what else the sentence asked for; what is said keeps its order."""
        route = Route.COMMAND if self.tasks else next((r for r in _BY_WEIGHT if r in self._routes), Route.CHAT)
        commands = tuple(command for task in self.tasks for command in task.commands)
        ends = self.ends and not self.tasks and not self.asks
        return Decision(route, self.language, self.seat, commands, tuple(self._say), ends)
