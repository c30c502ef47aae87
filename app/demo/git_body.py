"""The body of an HTTP request as it arrives: of a known length or in chunks, at full speed or slowed down."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from io import BufferedIOBase

_PIECE_BYTES = 65_536


class BadBody(Exception):
    """The body ended early or its chunks make no sense; the connection is of no more use."""


def read_body(headers: Mapping[str, str], stream: BufferedIOBase) -> Iterator[bytes]:
    """Yield the body in pieces of at most 64 KiB, still compressed if it was. Raises BadBody."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _read_chunks(stream)
    return _read_exactly(stream, int(headers.get("content-length", "0")))


def throttled(body: Iterable[bytes], bytes_per_second: int) -> Iterator[bytes]:
    """Yield the same bytes in tenths of a second's worth, each a tenth of a second after the other."""
    pause = threading.Event()
    portion = max(bytes_per_second // 10, 1)
    for piece in body:
        for start in range(0, len(piece), portion):
            pause.wait(0.1)
            yield piece[start : start + portion]


def _read_exactly(stream: BufferedIOBase, length: int) -> Iterator[bytes]:
    while length:
        piece = stream.read(min(length, _PIECE_BYTES))
        if not piece:
            raise BadBody(f"{length} bytes of the body did not arrive")
        length -= len(piece)
        yield piece


def _read_chunks(stream: BufferedIOBase) -> Iterator[bytes]:
    # RFC 9112, section 7.1: size in hexadecimal, perhaps an extension, the bytes, an empty line; a chunk of 0
    # is last.
    while size := _read_size(stream.readline(80)):
        yield from _read_exactly(stream, size)
        stream.readline(3)
    while stream.readline(1000).strip():
        continue  # trailers


def _read_size(line: bytes) -> int:
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError:
        raise BadBody(f"bad size of a chunk: {line[:80]!r}") from None
