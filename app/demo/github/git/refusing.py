"""A refusal of Git's protocol, which is a text that Git shows with `remote:` before each line."""


class GitRefused(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
