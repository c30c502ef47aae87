"""What a client sees of an object: the whole, or only its metadata, in the media type it accepts."""

import json
from dataclasses import dataclass

from app.demo.kubernetes.apiserver.errors import not_acceptable
from app.demo.kubernetes.apiserver.kinds import Json, Kind
from app.demo.kubernetes.apiserver.listing import Page
from app.demo.kubernetes.apiserver.store import Record, encode

_META_VERSION = "meta.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class View:
    """How objects are written for one request."""

    is_metadata_only: bool = False
    asked: str = ""
    """The name of what metadata alone was asked for as."""

    def check(self, *, is_list: bool, kind: str) -> None:
        """Raises 406 when a list was asked for as an object, or an object as a list."""
        if self.is_metadata_only and self.asked.endswith("List") != is_list:
            what = f"is a list (*core.{kind}List)" if is_list else f"is not a list (*core.{kind})"
            raise not_acceptable(f"you requested {self.asked}, but the requested object {what}")


def parse_accept(accept: str) -> View:
    """The first view in an Accept header that can be produced. 406 when there is none."""
    for choice in (accept or "*/*").split(","):
        media_type, *parameters = [part.strip() for part in choice.split(";")]
        if media_type not in {"application/json", "*/*", "application/*"}:
            continue
        values = dict(parameter.partition("=")[::2] for parameter in parameters)
        if values.get("as", "") in {"PartialObjectMetadata", "PartialObjectMetadataList"}:
            return View(is_metadata_only=True, asked=values["as"])
        if "as" not in values:
            return View()
    raise not_acceptable()


def render_object(record: Record, view: View) -> bytes:
    """One object, which may be an item of a list."""
    return encode(_partial(record)) if view.is_metadata_only else record.line


def render_list(kind: Kind, page: Page, view: View) -> bytes:
    """A page as a list; items of built-in kinds carry no apiVersion and kind, as the real server leaves them out."""
    if view.is_metadata_only:
        head = {"kind": "PartialObjectMetadataList", "apiVersion": _META_VERSION}
    else:
        head = {"kind": f"{kind.kind}List", "apiVersion": kind.api_version}
    items = b",".join(_item(record, view) for record in page.records)
    opening = encode({**head, "metadata": _list_metadata(page)})
    return opening[:-1] + b',"items":[' + items + b"]}"


def render_event(event_type: str, line: bytes) -> bytes:
    """One line of a watch."""
    return b'{"type":"' + event_type.encode() + b'","object":' + line + b"}\n"


def render_bookmark(kind: Kind, revision: int, view: View, *, ends_initial_events: bool = False) -> bytes:
    """A BOOKMARK line: everything up to the revision has been sent."""
    metadata: Json = {"resourceVersion": str(revision), "creationTimestamp": None}
    if ends_initial_events:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    if view.is_metadata_only:
        body = {"kind": "PartialObjectMetadata", "apiVersion": _META_VERSION, "metadata": metadata}
    else:
        body = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}
    return render_event("BOOKMARK", encode(body))


def _item(record: Record, view: View) -> bytes:
    if view.is_metadata_only or record.kind.is_custom:
        return render_object(record, view)
    return encode({key: value for key, value in record.body.items() if key not in {"apiVersion", "kind"}})


def _partial(record: Record) -> Json:
    metadata = record.body["metadata"]
    return {"kind": "PartialObjectMetadata", "apiVersion": _META_VERSION, "metadata": metadata}


def _list_metadata(page: Page) -> Json:
    metadata: Json = {"resourceVersion": str(page.revision)}
    if page.token:
        metadata["continue"] = page.token
    if page.remaining is not None:
        metadata["remainingItemCount"] = page.remaining
    return metadata


def encode_any(value: object) -> bytes:
    """Any JSON value as the body of an answer."""
    return json.dumps(value, ensure_ascii=False).encode()
