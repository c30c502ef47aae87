"""What a comment asks for, and what it does not."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import reply
from app.domain.command import (
    Approve,
    Command,
    Destroy,
    Explain,
    Extend,
    Help,
    Mistake,
    Pin,
    Recreate,
    Redeploy,
    Rollback,
    Unpin,
    changes_something,
    duration_of,
    name,
    parse,
    pressed,
)

SHA = "d6fde92930d4715a2b49857d24b940956b26d2d3"

COMMANDS: list[tuple[str, Command]] = [
    ("deploy", Redeploy()),
    ("redeploy", Redeploy()),
    ("destroy", Destroy()),
    ("recreate", Recreate()),
    ("extend 24h", Extend(timedelta(hours=24))),
    ("extend 1h", Extend(timedelta(hours=1))),
    ("extend 14d", Extend(timedelta(days=14))),
    ("extend 336h", Extend(timedelta(days=14))),
    (f"pin {SHA}", Pin(SHA)),
    ("pin d6fde92", Pin("d6fde92")),
    (f"rollback {SHA}", Rollback(SHA)),
    ("Rollback D6FDE92", Rollback("d6fde92")),
    ("unpin", Unpin()),
    ("approve", Approve(None)),
    (f"approve {SHA}", Approve(SHA)),
    ("approve D6FDE92", Approve("d6fde92")),
    ("explain", Explain()),
    ("help", Help()),
    ("", Help()),
]


def command(text: str) -> Command | None:
    """What the text asks for, where it is right."""
    said = parse(text)
    return None if said is None or isinstance(said.command, Mistake) else said.command


@pytest.mark.parametrize(("words", "meant"), COMMANDS)
def test_command_on_a_line_of_its_own_is_understood(words: str, meant: Command) -> None:
    said = parse(f"/ephemera {words}")
    assert said is not None
    assert (said.command, said.has_more) == (meant, False)


@pytest.mark.parametrize(
    "text",
    [
        "/ephemera destroy",
        "/EPHEMERA Destroy",
        "  /ephemera   destroy  ",
        "/ephemera\tdestroy",
        "Looks good.\n/ephemera destroy\nThanks!",
        "Looks good.\r\n\r\n/ephemera destroy\r\n",
        "> what he said\n\n/ephemera destroy",
        "```\ncode\n```\n/ephemera destroy",
        "~~~ yaml\ncode\n~~~\n\n/ephemera destroy",
        "```\ncode ``` no end\n````\n/ephemera destroy",
        "- ```\n  code\n  ```\n\n/ephemera destroy",
        "<!-- a note -->\n/ephemera destroy",
        "<!--\na note\n\n```\n-->\n/ephemera destroy",
        "Use `x` as [the docs](https://example.com/a_b) say, see <https://example.com>\n/ephemera destroy",
        "# Title\n\n- one\n- two\n\n/ephemera destroy",
        "👩‍👩‍👧 go\n/ephemera destroy",
        "    code\n\n/ephemera destroy",
        "a ``` b ``` c\n\n/ephemera destroy",
    ],
)
def test_command_is_found_among_other_words(text: str) -> None:
    assert command(text) == Destroy()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "destroy",
        "please /ephemera destroy",
        "/ephemerals destroy",
        "/ephemera/destroy",
        "/ephemera-destroy",
        "//ephemera destroy",
        "- /ephemera destroy",
        "**/ephemera destroy**",
        "`/ephemera destroy`",
        "> /ephemera destroy",
        ">/ephemera destroy",
        "   > /ephemera destroy",
        "> he said:\n/ephemera destroy",
        "- > he said:\n  /ephemera destroy",
        "    /ephemera destroy",
        "\t/ephemera destroy",
        " \t/ephemera destroy",
        "```\n/ephemera destroy\n```",
        "```\n/ephemera destroy",
        "~~~\n/ephemera destroy\n~~~",
        "````\n```\n/ephemera destroy\n````",
        "~~~\n```\n/ephemera destroy\n~~~",
        "```\n> ```\n/ephemera destroy\n```",
        "```\n    ```\n/ephemera destroy\n```",
        "``` a`b\n/ephemera destroy\n```",
        "   ```\n/ephemera destroy\n```\n/ephemera destroy",
        "- ```\n  /ephemera destroy\n  ```",
        "- ```\ncode\n```\n/ephemera destroy\n```",
        "- item\n  ```\ncode\n```\n/ephemera destroy\n```",
        "text `\n    ```\n    ```\n/ephemera destroy\n`",
        "`\n/ephemera destroy\n`",
        "a `b\n/ephemera destroy\nc` d",
        "\\` `\n/ephemera destroy\n`",
        "<!-- /ephemera destroy -->",
        "<!--\n/ephemera destroy\n-->",
        "<!--\n/ephemera destroy",
        "<!-- a --> <!--\n/ephemera destroy\n-->",
        "<!-->\n```\n-->\n/ephemera destroy\n```",
        "text <!--\n/ephemera destroy\n-->",
        "text <!--\n```\n-->\n/ephemera destroy\n```",
        "- a\n  <!--\n```\n-->\n/ephemera destroy\n```",
        "> <!--\n\n/ephemera destroy\n\n-->",
        "<pre>\n/ephemera destroy\n</pre>",
        "<blockquote>\n\n/ephemera destroy\n\n</blockquote>",
        "<PRE\n>\n/ephemera destroy",
        '<img alt="\n/ephemera destroy\n">',
        '[a]: /b "\n/ephemera destroy\n"',
        '[a](/b "\n/ephemera destroy\n")',
        "$$\n/ephemera destroy\n$$",
        "a\u2028/ephemera destroy",
        "a\x0b/ephemera destroy",
        "a\x85/ephemera destroy",
        "\u202e/ephemera destroy",
        "\u200b/ephemera destroy",
        "\ufeff/ephemera destroy",
        "\x00/ephemera destroy",
        "/\u200bephemera destroy",
        "/ephemerа destroy",  # noqa: RUF001 - the last letter is Cyrillic
    ],
)
def test_what_is_quoted_shown_or_hidden_is_no_command(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "/ephemera destroy\u202e",
        "/ephemera \u202eyortsed",
        "/ephemera destroy\u200b",
        "/ephemera dest\x00roy",
        "/ephemera dеstroy",  # noqa: RUF001 - the first vowel is Cyrillic
        "\u202eabc\n/ephemera destroy",
        "/ephemera destroy\n\u2066",
        "/ephemera extend 2４h",  # noqa: RUF001 - a digit of full width
        "/ephemera pin d6fde92\u00a0",
        "/\u212aephemera destroy\n/ephemera destroy\u00a0",
    ],
)
def test_what_reads_otherwise_than_it_is_is_never_obeyed(text: str) -> None:
    said = parse(text)
    assert said is not None
    assert isinstance(said.command, Mistake)
    assert "cannot be seen" in said.command.sentence
    assert said.words == ""


@pytest.mark.parametrize(
    ("words", "works"),
    [
        ("deploi", "There is no command `deploi`; `/ephemera help` lists what works."),
        ("<img src=x>", "That is no command; `/ephemera help` lists what works."),
        ("@everyone", "That is no command; `/ephemera help` lists what works."),
        ("deploy now", "`deploy` takes nothing more; say `/ephemera deploy`."),
        ("destroy it please", "`destroy` takes nothing more; say `/ephemera destroy`."),
        ("extend", "`/ephemera extend 24h`"),
        ("extend 0h", "`/ephemera extend 24h`"),
        ("extend 15d", "`/ephemera extend 24h`"),
        ("extend 337h", "`/ephemera extend 24h`"),
        ("extend 24", "`/ephemera extend 24h`"),
        ("extend 24 h", "`/ephemera extend 24h`"),
        ("extend -1h", "`/ephemera extend 24h`"),
        ("extend 9999999999999999999h", "`/ephemera extend 24h`"),
        ("pin", "`/ephemera pin abc1234`"),
        ("pin main", "`/ephemera pin abc1234`"),
        ("pin d6fde9", "`/ephemera pin abc1234`"),
        (f"pin {'a' * 65}", "`/ephemera pin abc1234`"),
        ("pin --upload-pack=x", "`/ephemera pin abc1234`"),
        ("rollback", "`/ephemera rollback abc1234`"),
        ("rollback d6fde9", "`/ephemera rollback abc1234`"),
        ("rollback d6fde92 5bd5f19", "`/ephemera rollback abc1234`"),
        ("approve this", "`/ephemera approve abc1234`"),
        ("approve d6fde92 5bd5f19", "`/ephemera approve abc1234`"),
    ],
)
def test_mistake_is_answered_with_what_would_work(words: str, works: str) -> None:
    said = parse(f"/ephemera {words}")
    assert said is not None
    assert isinstance(said.command, Mistake)
    assert works in said.command.sentence
    assert "@" not in said.command.sentence
    assert said.words == words[:40]


def test_first_of_several_commands_counts_and_that_is_said() -> None:
    said = parse("/ephemera extend 24h\n/ephemera destroy\n")
    assert said is not None
    assert (said.command, said.has_more) == (Extend(timedelta(hours=24)), True)


def test_mistake_before_a_command_is_what_counts() -> None:
    said = parse("/ephemera destory\n/ephemera deploy")
    assert said is not None
    assert isinstance(said.command, Mistake)
    assert said.has_more


@pytest.mark.parametrize(
    ("identifier", "meant"),
    [
        ("redeploy", Redeploy()),
        ("destroy", Destroy()),
        ("recreate", Recreate()),
        ("extend", Extend(timedelta(hours=24))),
        ("approve", Approve(SHA)),
        ("rollback", None),
        ("unpin", None),
        ("", None),
    ],
)
def test_button_is_a_command(identifier: str, meant: Command | None) -> None:
    assert pressed(identifier, SHA) == meant


@pytest.mark.parametrize(("words", "meant"), COMMANDS)
def test_every_command_has_a_name_and_can_be_said_again(words: str, meant: Command) -> None:
    assert name(meant).isalpha()
    again = command(f"/ephemera {reply.words(meant)}")
    assert again is not None
    assert type(again) is type(meant)
    assert changes_something(meant) == (not isinstance(meant, Explain | Help))


@pytest.mark.parametrize(
    ("hours", "shown"), [(1, "1h"), (24, "24h"), (48, "48h"), (72, "3d"), (73, "73h"), (336, "14d")]
)
def test_duration_is_shown_as_it_can_be_written(hours: int, shown: str) -> None:
    assert reply.words(Extend(timedelta(hours=hours))) == f"extend {shown}"
    assert duration_of(shown) == timedelta(hours=hours)


_WEIRD = st.text(
    st.sampled_from("/ephemera destroy\n\r\t`~<>-!*[](){}\\$\u202e\u2066\u200b\u200f\ufeff\x00é1.a ")
    | st.characters(codec="utf-8"),
    max_size=60,
)


@given(text=st.text() | _WEIRD)
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse(text)


@given(inside=st.text(st.characters(exclude_characters="~"), max_size=40))
def test_nothing_within_a_fence_is_a_command(inside: str) -> None:
    assert parse(f"~~~\n{inside}\n/ephemera destroy\n{inside}\n~~~") is None


@given(lines=st.lists(_WEIRD.filter(lambda text: not set(text) & set("\r\n")), min_size=1, max_size=4))
def test_nothing_quoted_is_a_command(lines: list[str]) -> None:
    quoted = "\n".join(f"> {line}" for line in [*lines, "/ephemera destroy"])
    assert parse(quoted) is None
    assert parse(f"{quoted}\n/ephemera destroy") is None


@given(before=_WEIRD, after=_WEIRD)
def test_whatever_is_obeyed_stands_in_plain_letters_on_a_line_of_its_own(before: str, after: str) -> None:
    found = command(f"{before}/ephemera destroy{after}")
    if found == Destroy():
        text = f"{before}/ephemera destroy{after}"
        lines = [line.strip(" \t") for line in text.replace("\r", "\n").split("\n")]
        assert any(line.split() == ["/ephemera", "destroy"] and line.isascii() for line in lines)
        assert not set(text) & set("\u202e\u2066\x00")


@given(
    odd=st.characters(exclude_categories=["L", "N", "Z", "P", "S"], codec="utf-8").filter(lambda c: c not in "\n\r\t")
)
def test_no_invisible_character_gets_into_a_command(odd: str) -> None:
    for text in (
        f"/ephemera {odd}destroy",
        f"/ephemera dest{odd}roy",
        f"/ephemera destroy{odd}",
        f"{odd}/ephemera destroy",
    ):
        assert command(text) is None
