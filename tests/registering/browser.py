"""What a person does in a browser: `python -m tests.registering.browser URL` opens a page and sends its form."""

import sys
from html.parser import HTMLParser

import requests


class Form(HTMLParser):
    """The one form of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = given["action"]
        if tag == "input":
            self.fields[given["name"]] = given["value"]


def form_at(url: str) -> Form:
    """The form that the page shows."""
    return Form(requests.get(url, timeout=10).text)


def register(url: str) -> requests.Response:
    """Open the page, send its form to GitHub, and follow GitHub back."""
    form = form_at(url)
    return requests.post(form.action, data=form.fields, timeout=10)


if __name__ == "__main__":
    register(sys.argv[1]).raise_for_status()
