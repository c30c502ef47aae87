"""What a person can try by hand while the demo stays up: lines to copy."""

from app.demo.narrator import Narrator
from app.demo.outside import ENVIRONMENTS, Outside
from app.demo.story import REPOSITORY
from app.store import tokens
from app.store.engine import Store
from app.store.tokens import Scope


def invite(outside: Outside, narrator: Narrator) -> None:
    """Print where everything is and lines that work, with a token of their own."""
    token = _token(outside.database_url)
    git = outside.git
    remote = git.repository_url(ENVIRONMENTS).replace("://", f"://{git.username}:{git.password}@")
    pulls = f"{outside.github.url}/_sim/repos/{REPOSITORY}/pulls"
    bearer = f"-H 'Authorization: Bearer {outside.settings()['EPHEMERA_CLUSTER_TOKEN']}'"
    json = "-H 'Content-Type: application/json'"
    narrator.say(f"""
Ephemera is at {outside.web_url} and stays up until Ctrl-C. Try it in another terminal:

  # open a pull request on the simulated GitHub, push to number 2, close it
  curl -s {json} -d '{{"title": "By hand", "author": "you"}}' {pulls}
  curl -s {json} -d '{{}}' {pulls}/2/push
  curl -s {json} -d '{{}}' {pulls}/2/close

  # what Ephemera says of its environments, and a redeploy of number 2
  curl -s -H 'Authorization: Bearer {token}' {outside.web_url}/api/v1/environments
  curl -s -X POST -H 'Authorization: Bearer {token}' {outside.web_url}/api/v1/environments/2/redeploy

  # the comment on the pull request, the environments repository, the cluster
  curl -s {pulls}/2/comments
  git clone {remote}
  curl -sk {bearer} {outside.cluster.url}/apis/apps/v1/deployments

  # logs
  tail -f {outside.directory}/logs/*.log
""")


def _token(database_url: str) -> str:
    store = Store(database_url, pool_size=1)
    try:
        with store.begin() as session:
            made = tokens.create(session, "demo", Scope.ACT)
    finally:
        store.close()
    assert made is not None
    return made
