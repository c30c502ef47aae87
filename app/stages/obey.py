"""`obey`: do what people asked for on GitHub, if it is theirs to ask.

A command is a doorbell too. The comment is read again, and whoever wrote it must be allowed to write to the repository
at the moment of the act, not when it rang. What cannot be found out is tried again later and never done on doubt. The
act and the end of the command are one transaction, so it is obeyed once.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from app.domain import reply
from app.domain.approval import objection
from app.domain.command import Approve, Command, Explain, Help, Mistake, Redeploy, Source, parse, pressed
from app.domain.environment import Environment
from app.domain.policy import Policy
from app.domain.pull_request import Author, Missing
from app.domain.retry import delay
from app.errors import EphemeraError, Transient
from app.ports import Bell, Conversations, PullRequests, Reaction, Ring
from app.stages.react import Reactor
from app.store import commands, obeying
from app.store.asking import LOW, Refused
from app.store.commands import DONE, REFUSED, VOID, Waiting
from app.store.engine import Session, Store
from app.store.obeying import Asker
from app.texts.answers import explain, help_text

MOST_TRIES = 8
"""So often GitHub is asked; then the command is refused, and can be given again."""

_REACTIONS = {DONE: Reaction.DONE, REFUSED: Reaction.REFUSED}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Void:
    """There is no command after all."""

    why: str


@dataclass(frozen=True, slots=True)
class _Meant:
    """What somebody wants now that it was read again."""

    command: Command | Mistake
    words: str
    author: Author
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class _End:
    """What came of a command, and whom to ring for it."""

    state: str
    answer: str
    rings: tuple[Ring, ...] = (Ring.REPORT,)


@dataclass(frozen=True, slots=True)
class Obeyer:
    """Deals with every command that waits."""

    store: Store
    pull_requests: PullRequests
    conversations: Conversations
    policy: Policy
    bell: Bell
    reactor: Reactor

    def run(self) -> None:
        """Deal with all that is due, those of one environment in the order in which they came."""
        due = self._due()
        while due:
            dealt_with = [self._obey(environment_id) for environment_id in due]
            due = self._due() if any(dealt_with) else []

    def _due(self) -> list[int]:
        with self.store.begin() as session:
            return list(commands.due(session))

    def _obey(self, environment_id: int) -> bool:
        """True when a command was dealt with, or put off."""
        with self.store.begin() as session:
            taken = commands.take(session, environment_id)
            if taken is None:
                return False
            waiting, environment, now = taken
            end: _End | None
            try:
                end = self._deal_with(session, waiting, environment, now)
            except EphemeraError as error:
                end = self._put_off(session, waiting, environment, error)
            if end is not None:
                commands.finish(session, waiting.id, end.state, end.answer)
        if end is not None:
            self._tell(waiting, environment, end)
        return True

    def _deal_with(self, session: Session, waiting: Waiting, environment: Environment, now: datetime) -> _End:
        meant = self._understand(waiting, environment)
        if isinstance(meant, _Void):
            obeying.disregard(session, environment.id, _asker(waiting, waiting.actor), meant.why)
            return _End(VOID, meant.why, ())
        asker = _asker(waiting, meant.author)
        try:
            command = self._allow(session, meant, environment)
            text, rings = self._act(session, command, asker, environment, now)
            words, state = reply.words(command), DONE
        except Refused as refused:
            text, rings, words, state = str(refused), (), meant.words, REFUSED
        if meant.has_more:
            text = f"{text}\n\n{reply.ONLY_THE_FIRST}"
        obeying.answer(session, environment.id, asker, words, text, is_refusal=state == REFUSED)
        return _End(state, text, (*rings, Ring.REPORT))

    def _understand(self, waiting: Waiting, environment: Environment) -> _Meant | _Void:
        match waiting.source:
            case Source.COMMENT:
                return self._read_again(waiting, environment)
            case Source.BUTTON:
                identifier = waiting.identifier or ""
                command = pressed(identifier, waiting.commit_sha or "")
                return _Meant(command or Mistake(reply.NO_SUCH_BUTTON), identifier, waiting.actor)
            case Source.REREQUEST:
                return _Meant(Redeploy(), "redeploy", waiting.actor)
            case Source.API:
                return _Void("the API keeps no commands: it carries them out")
            case _:
                assert_never(waiting.source)

    def _read_again(self, waiting: Waiting, environment: Environment) -> _Meant | _Void:
        assert waiting.comment_id is not None
        comment = self.conversations.comment(environment.repository, waiting.comment_id)
        if isinstance(comment, Missing):
            return _Void("the comment was deleted before it was read")
        if comment.is_by_bot or comment.author.id != waiting.actor.id:
            return _Void("the comment is not by the person who rang")
        said = parse(comment.body)
        # An edit within the second in which it was written shows in nothing but the words.
        if comment.is_edited or said is None or said.words != waiting.words:
            return _Void("the comment was edited; only a new one counts")
        self.reactor.react(environment, waiting.comment_id, Reaction.SEEN)
        return _Meant(said.command, said.words, comment.author, said.has_more)

    def _allow(self, session: Session, meant: _Meant, environment: Environment) -> Command:
        """The command, complete, of somebody who may give it at this moment. Raises Refused."""
        command = meant.command
        if isinstance(command, Mistake):
            raise Refused(command.sentence)
        if isinstance(command, Explain | Help):
            return command
        if isinstance(command, Approve):
            command = self._bind(session, command, meant.author, environment)
        # Asked last: permission may be lost while everything else is looked at.
        if not self.conversations.may_write(environment.repository, meant.author):
            raise Refused(reply.may_not(environment.repository.full_name))
        return command

    def _bind(self, session: Session, command: Approve, author: Author, environment: Environment) -> Approve:
        """The approval of one commit, in full: the head, if that is the one which was meant. Raises Refused.

        A few characters can be had by trying: another commit that begins alike must not be taken for the one that
        somebody looked at.
        """
        found = self.pull_requests.look_up(environment.repository, environment.number)
        if isinstance(found, Missing):
            raise Refused(reply.PULL_REQUEST_IS_MISSING)
        if not found.is_from_fork:
            raise Refused(reply.NEEDS_NO_APPROVAL)
        if (why := objection(author, found)) is not None:
            raise Refused(why)
        head, sha = found.head_sha, command.sha
        if sha is None:
            raise Refused(reply.must_name(head))
        if not head.startswith(sha):
            raise Refused(reply.is_not_the_head(sha, head))
        if any(seen.startswith(sha) and seen != head for seen in obeying.seen_commits(session, environment.id)):
            raise Refused(reply.is_ambiguous(sha))
        return Approve(head)

    def _act(
        self, session: Session, command: Command, asker: Asker, environment: Environment, now: datetime
    ) -> tuple[str, tuple[Ring, ...]]:
        match command:
            case Explain():
                return explain(environment, now), ()
            case Help():
                return help_text(), ()
            case _:
                outcome = obeying.carry_out(session, environment.id, command, asker, self.policy.limits)
                return outcome.sentence, (Ring.CLEAN_UP if outcome.queue == LOW else Ring.DECIDE,)

    def _put_off(
        self, session: Session, waiting: Waiting, environment: Environment, error: EphemeraError
    ) -> _End | None:
        """None when it is tried again; the end of it when that has gone on for long enough."""
        failures = waiting.failures + 1
        _log.warning(
            "obey.failed", environment=environment.key, command=waiting.id, failures=failures, error=str(error)
        )
        if failures < MOST_TRIES:
            asked_for = error.retry_after if isinstance(error, Transient) else None
            retry_in = max(delay(failures, random.random()), asked_for or timedelta())  # noqa: S311 - jitter
            commands.postpone(session, waiting.id, str(error), retry_in)
            return None
        asker = _asker(waiting, waiting.actor)
        obeying.answer(
            session, environment.id, asker, waiting.words or waiting.identifier or "", reply.GAVE_UP, is_refusal=True
        )
        return _End(REFUSED, reply.GAVE_UP)

    def _tell(self, waiting: Waiting, environment: Environment, end: _End) -> None:
        self.bell.ring(*end.rings)
        _log.info("obey.done", environment=environment.key, command=waiting.id, state=end.state, by=waiting.actor.login)
        if end.state in _REACTIONS and waiting.comment_id is not None:
            self.reactor.react(environment, waiting.comment_id, _REACTIONS[end.state])


def _asker(waiting: Waiting, author: Author) -> Asker:
    return Asker(author.login, author, waiting.source, waiting.delivery)
