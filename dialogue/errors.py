"""What this package raises. Only reading stored JSON and building flows raise; the engine itself never does."""


class DialogueError(Exception):
    """A stored flow or state cannot be read, or a flow cannot be built from what was given.

    `where` names the place, as in `flow.nodes.menu.wait.low`; it never holds what a person said.
    """

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem
