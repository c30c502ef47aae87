"""Files of a repository at a ref.

https://docs.github.com/rest/repos/contents
"""

import base64
import hashlib
from typing import Any

from app.demo.github.call import Answer, Call, Route
from app.demo.github.refusals import Refusal
from app.demo.github.shapes.repositories import page_of, url_of


def _show_contents(call: Call) -> Answer:
    ref = call.query.get("ref") or call.repository.default_branch
    sha = call.hub.state.resolve(call.repository, ref)
    if sha is None:
        raise Refusal(404, f"No commit found for the ref {ref[:200]}")
    files, path = call.hub.state.commit(call.repository, sha).files, call.args.get("path", "").strip("/")
    if path in files:
        return _file(call, path, ref, files[path])
    inside = [one for one in files if one.startswith(f"{path}/") or not path]
    if not inside:
        raise Refusal(404, "Not Found")
    names = {one.removeprefix(f"{path}/" if path else "").split("/")[0] for one in inside}
    prefix = f"{path}/" if path else ""
    return Answer([_entry(call, prefix + name, ref, files.get(prefix + name)) for name in sorted(names)])


def _file(call: Call, path: str, ref: str, data: bytes) -> Answer:
    if "raw" in call.accept:
        return Answer(data, headers={"Content-Type": "application/vnd.github.raw; charset=utf-8"})
    content = base64.encodebytes(data).decode()
    return Answer(_entry(call, path, ref, data) | {"content": content, "encoding": "base64"})


def _entry(call: Call, path: str, ref: str, data: bytes | None) -> dict[str, Any]:
    """Shape a file, or a folder where `data` is None."""
    url, page = url_of(call.hub, call.repository), page_of(call.hub, call.repository)
    blob = hashlib.sha1(b"blob %d\0" % len(data or b"") + (data or path.encode())).hexdigest()
    kind, tree = ("file", "blobs") if data is not None else ("dir", "trees")
    own, git = f"{url}/contents/{path}?ref={ref}", f"{url}/git/{tree}/{blob}"
    html = f"{page}/{'blob' if kind == 'file' else 'tree'}/{ref}/{path}"
    return {
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": blob,
        "size": len(data or b""),
        "url": own,
        "html_url": html,
        "git_url": git,
        "download_url": f"{page}/raw/{ref}/{path}" if kind == "file" else None,
        "type": kind,
        "_links": {"self": own, "git": git, "html": html},
    }


ROUTES = (
    Route("GET", "/repos/<owner>/<repo>/contents/<path:path>", _show_contents, permissions=("contents:read",)),
    Route("GET", "/repos/<owner>/<repo>/contents/", _show_contents, permissions=("contents:read",)),
    Route("GET", "/repos/<owner>/<repo>/contents", _show_contents, permissions=("contents:read",)),
)
