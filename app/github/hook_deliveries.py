"""GitHub's own list of what it tried to deliver: implements the port `HookDeliveries`.

https://docs.github.com/en/rest/apps/webhooks
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from app.github import heard
from app.github.client import Client
from app.github.credentials import AsApp
from app.github.errors import NotFound
from app.github.exchange import Request
from app.ports import HookDelivery


class GitHubHookDeliveries:
    """The deliveries of the App's webhook, asked for with the App's key."""

    def __init__(self, client: Client, app: AsApp) -> None:
        self._client = client
        self._app = app

    def since(self, then: datetime) -> Sequence[HookDelivery]:
        """Every attempt made at `then` or later, newest first. No page is read after one that ends before then.

        GitHub tells times to the second, so that of `then` counts from its beginning.
        """
        begin, found = then.replace(microsecond=0), list[HookDelivery]()
        for page in self._pages():
            found += [one for one in page if one.delivered_at >= begin]
            if page and page[-1].delivered_at < begin:
                break
        return found

    def redeliver(self, delivery_id: int) -> None:
        """Have GitHub try again. Nothing when it does not know the delivery any more."""
        path = f"/app/hook/deliveries/{delivery_id}/attempts"
        request = Request(f"asking GitHub for delivery {delivery_id} again", path, "POST")
        try:
            self._client.ask(self._app, request)
        except NotFound:
            return

    def _pages(self) -> Iterator[list[HookDelivery]]:
        """Newest first, each asked for when it is wanted."""
        request = Request("listing the App's webhook deliveries", "/app/hook/deliveries?per_page=100")
        for page in self._client.pages(self._app, request):
            yield heard.deliveries(request, page)
