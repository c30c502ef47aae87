"""Remembers answers by ETag: asking again for what has not changed costs nothing of the rate limit.

https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests
"""

import threading
from collections import OrderedDict

from app.github.exchange import Answer

Key = tuple[str, str]
"""Who asked, and for which path."""


class EtagCache:
    """The answers used last, up to a sum of characters. Safe to share between threads."""

    def __init__(self, max_characters: int = 16 * 1024 * 1024) -> None:
        self._max_characters = max_characters
        self._characters = 0
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Answer | None:
        """The answer that was remembered, with its `etag` header."""
        with self._lock:
            answer = self._answers.get(key)
            if answer is not None:
                self._answers.move_to_end(key)
            return answer

    def put(self, key: Key, answer: Answer) -> None:
        """Remember an answer, if it has an ETag and leaves room for others."""
        if "etag" not in answer.headers or len(answer.text) > self._max_characters // 8:
            return
        with self._lock:
            self._drop(key)
            self._answers[key] = answer
            self._characters += len(answer.text)
            while self._characters > self._max_characters:
                self._drop(next(iter(self._answers)))

    def _drop(self, key: Key) -> None:
        answer = self._answers.pop(key, None)
        if answer is not None:
            self._characters -= len(answer.text)
