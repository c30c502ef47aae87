"""The settings: environment variables that begin with `EPHEMERA_`, in development also a file `.env`.

Every mistake is reported at once, in words, before anything starts; secrets are never shown.
"""

import json
import os
import re
import sys
from datetime import timedelta
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.clusters import domain, label, read_clusters, web_address
from app.domain.budget import USUAL
from app.domain.budget import Limits as GitHubLimits
from app.domain.cluster import Cluster, SyncerKind
from app.domain.expiry import Limits, length_of
from app.domain.policy import Policy
from app.domain.report import Telling
from app.domain.review import ALWAYS, NEVER, MergeMethod, Rules
from app.errors import EphemeraError, shown
from app.review_rules import read_rules
from gitops.remote import USUAL_REFS

PREFIX = "EPHEMERA_"
CLUSTER_TOKEN = f"{PREFIX}CLUSTER_TOKEN"
GITHUB_API_URL = "https://api.github.com"
_FULL_NAME = re.compile(r".*/([A-Za-z0-9_][A-Za-z0-9_-]*/(?!\.{1,2}/?$)[A-Za-z0-9._-]+?)(\.git)?/?")
_IMAGE_FIELDS = {"owner", "repository", "head_sha", "number"}


class SettingsError(EphemeraError):
    """One line for each setting that is missing or wrong: its name, what is wrong, what to do."""


def github_pages(api_url: str) -> str:
    """Where people see the GitHub whose API this is."""
    parts = urlsplit(api_url)
    return urlunsplit((parts.scheme, parts.netloc.removeprefix("api."), "", "", ""))


def full_name(repository_url: str) -> str | None:
    """`owner/name`, with which the path of a repository's URL ends; None where that is no such thing."""
    found = _FULL_NAME.fullmatch(urlsplit(repository_url).path)
    return found[1] if found else None


def _cache_directory() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ephemera"


class Settings(BaseSettings):
    """What an operator sets. Field descriptions are what the error messages say of a missing one."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: SecretStr = Field(description="PostgreSQL, such as postgresql://user:password@host:5432/ephemera")
    redis_url: SecretStr = Field(description="Redis or Valkey, such as redis://host:6379/0")
    github_api_url: str = Field(GITHUB_API_URL, description="GitHub's API")
    github_app_id: str = Field(description="the number on the GitHub App's page")
    github_private_key: SecretStr = Field(description="the GitHub App's private key: PEM text, or the path of the file")
    github_webhook_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        description="the GitHub App's webhook secret; several, separated by commas, while it is being rotated"
    )
    environments_repository: str = Field(description="the http(s) URL of the Git repository that the syncer follows")
    environments_branch: str = Field("main", description="the branch that the syncer follows")
    environment_refs: str = Field(
        USUAL_REFS, description="where each environment's own ref lies; or refs/heads/environments/"
    )
    git_username: str | None = Field(None, description="for an environments repository that is not on that GitHub")
    git_password: SecretStr | None = Field(
        None, description="for an environments repository that is not on that GitHub"
    )
    clusters: Path | None = Field(
        None, description="a YAML file that declares the clusters; else the settings below declare one"
    )
    preview_domain: str | None = Field(
        None,
        validate_default=True,
        description="the domain whose wildcard points at the ingress, such as preview.acme.com",
    )
    cluster_name: str = Field("default", description="what the cluster is called in the environments repository")
    cluster_url: str | None = Field(None, description="the Kubernetes API server; else the kubeconfig; else in-cluster")
    cluster_token: SecretStr | None = Field(None, description="the bearer token that goes with the cluster's URL")
    cluster_ca: Path | None = Field(None, description="a file of CA certificates for the cluster's URL")
    kubeconfig: Path | None = Field(None, description="a kubeconfig file; its current context is used")
    syncer: Literal["argocd", "flux", "none"] = Field("argocd", description="what syncs the environments repository")
    syncer_namespace: str | None = Field(None, description="where the syncer is installed; else argocd or flux-system")
    repository_secret: str | None = Field(
        None, description="the Secret beside Flux by which it logs in to the environments repository"
    )
    syncer_url: str | None = Field(None, description="where people see Argo CD, such as https://argocd.acme.com")
    url: str | None = Field(None, description="where people reach Ephemera, such as https://ephemera.acme.com")
    github_web_url: str | None = Field(None, description="where people see GitHub; else told from its API's address")
    image: str = Field("ghcr.io/{owner}/{repository}:{head_sha}", description="what an environment runs")
    container_port: int = Field(8080, ge=1, le=65535, description="where the container listens")
    base_branches: Annotated[tuple[str, ...], NoDecode] = Field(
        ("*",), description="patterns of base branches whose pull requests get an environment, separated by commas"
    )
    ingress_namespace: str = Field("ingress-nginx", description="the namespace of the ingress controller")
    ttl_idle: timedelta = Field(
        Limits().idle, description="how long an environment stays after somebody last did something about it"
    )
    ttl_max: timedelta = Field(Limits().most, description="how long an environment stays at the most")
    ttl_fork: timedelta = Field(Limits().fork, description="how long a commit of a fork runs after it was approved")
    comment: bool = Field(default=True, description="whether a pull request is also told by a comment: true or false")
    commit_status: str | None = Field(
        None,
        max_length=255,
        description="the context of a commit status, such as ephemera/environment; else none is set",
    )
    github_limits: Literal["usual", "none"] = Field(
        "usual", description="usual where GitHub limits what an App writes; none for a GitHub Enterprise Server without"
    )
    review: str = Field(
        "never",
        description="which changes are proposed for review first: never, always, or a YAML file of rules",
    )
    signing_key: SecretStr | None = Field(
        None, description="the private key that commits are signed with: OpenSSH or PEM text, or the path of the file"
    )
    templates: Path = Field(Path(__file__).parent.parent / "templates", description="the folder of template sets")
    cache_directory: Path = Field(default_factory=_cache_directory, description="where Git clones are kept")

    @classmethod
    def load(cls) -> "Settings":
        """The settings of this process. Raises SettingsError with every mistake."""
        try:
            return cls()
        except ValidationError as error:
            lines = [_explain(detail) for detail in error.errors(include_url=False)]
            raise SettingsError("\n".join(["the settings are not usable:", *lines])) from None

    @classmethod
    def load_or_exit(cls) -> "Settings":
        """The settings of this process, for a program that others start: mistakes end it, in words, with status 1."""
        try:
            return cls.load()
        except SettingsError as error:
            print(f"ephemera: {error}", file=sys.stderr)  # noqa: T201 - logging is not what an operator reads here
            raise SystemExit(1) from None

    @property
    def policy(self) -> Policy:
        """The part of the settings that the rules depend on."""
        return Policy(
            image=self.image,
            port=self.container_port,
            base_branches=self.base_branches,
            clusters=self.declared_clusters,
            web_url=self.web_url,
            limits=Limits(self.ttl_idle, self.ttl_max, self.ttl_fork),
        )

    @property
    def telling(self) -> Telling:
        """What pull requests are told."""
        return Telling(self.comment, self.commit_status)

    @property
    def review_rules(self) -> Rules:
        """What is reviewed before it runs."""
        match self.review:
            case "never":
                return NEVER
            case "always":
                return ALWAYS
            case path:
                return read_rules(Path(path)).rules

    @property
    def proposes(self) -> bool:
        """Some change may have to be reviewed."""
        return any(rule.is_review_required for rule in self.review_rules.rules)

    @property
    def merge_method(self) -> MergeMethod:
        """How Ephemera merges a proposal, where a rule leaves that to it."""
        return "merge" if self.review in ("never", "always") else read_rules(Path(self.review)).merge_method

    @property
    def environments_name(self) -> str | None:
        """`owner/name` of the environments repository, on whatever host Git is served; its pull requests are those of
        `github_api_url`. None where its URL does not end so."""
        return full_name(self.environments_repository)

    @property
    def commit_signing_key(self) -> bytes | None:
        """The private key that commits are signed with; None: they are not."""
        return self.signing_key.get_secret_value().encode() if self.signing_key else None

    @property
    def github_budget(self) -> GitHubLimits | None:
        """What one installation may write to GitHub; None: as much as it likes."""
        return USUAL if self.github_limits == "usual" else None

    @property
    def declared_clusters(self) -> tuple[Cluster, ...]:
        """Every cluster: those of the file, else the one that single settings describe."""
        if self.clusters is not None:
            return read_clusters(self.clusters)
        assert self.preview_domain is not None
        syncer = SyncerKind(self.syncer)
        return (
            Cluster(
                name=self.cluster_name,
                preview_domain=self.preview_domain,
                syncer=syncer,
                syncer_namespace=self.syncer_namespace or syncer.usual_namespace,
                api_url=self.cluster_url,
                credentials=self._credentials,
                ca_file=str(self.cluster_ca) if self.cluster_ca else None,
                repository_secret=self.repository_secret,
                ingress_namespace=self.ingress_namespace,
                syncer_url=self.syncer_url,
            ),
        )

    @property
    def web_url(self) -> str:
        """Where people see GitHub: `https://github.com`, or the host whose API this is."""
        return self.github_web_url or github_pages(self.github_api_url)

    @property
    def _credentials(self) -> str:
        if self.cluster_url is not None:
            return f"env:{CLUSTER_TOKEN}"
        return f"kubeconfig:{self.kubeconfig}" if self.kubeconfig is not None else "in-cluster"

    @field_validator("ttl_idle", "ttl_max", "ttl_fork", mode="before")
    @classmethod
    def _length(cls, value: object) -> object:
        return length_of(value) if isinstance(value, str) else value

    @field_validator("github_webhook_secrets", "base_branches", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            return json.loads(value)
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("github_webhook_secrets", "base_branches")
    @classmethod
    def _not_empty(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        if not value:
            raise ValueError("name at least one")
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr) -> SecretStr:
        scheme, _, rest = value.get_secret_value().partition("://")
        if scheme not in {"postgresql", "postgres", "postgresql+psycopg2"} or not rest:
            raise ValueError("make it a URL that begins with postgresql://")
        return SecretStr(f"postgresql+psycopg2://{rest}")

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("make it a URL that begins with redis://, rediss:// or unix://")
        return value

    @field_validator("github_api_url", "environments_repository", "cluster_url", "syncer_url", "github_web_url", "url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        return None if value is None else web_address(value)

    @field_validator("github_private_key", "signing_key")
    @classmethod
    def _pem(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        text = value.get_secret_value().strip()
        if not text.startswith("-----BEGIN"):
            try:
                text = Path(text).expanduser().read_text()
            except (OSError, ValueError, RuntimeError):
                raise ValueError("give the PEM text, or the path of a file that this user may read") from None
        if "PRIVATE KEY-----" not in text:
            raise ValueError("it holds no private key in PEM form")
        return SecretStr(text.replace("\\n", "\n").strip() + "\n")

    @field_validator("review")
    @classmethod
    def _review(cls, value: str, info: ValidationInfo) -> str:
        if value == "never" or (value != "always" and not _demands_review(value)):
            return value
        repository = info.data.get("environments_repository")
        if repository is not None and full_name(repository) is None:
            raise ValueError(
                f"changes are proposed as pull requests, and {shown(repository)} is no repository on GitHub: "
                "make EPHEMERA_ENVIRONMENTS_REPOSITORY end with /owner/name.git, or this never"
            )
        return value

    @field_validator("clusters")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None:
            read_clusters(value)
        return value

    @field_validator("preview_domain")
    @classmethod
    def _domain(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None:
            return domain(value)
        if info.data.get("clusters") is None and "clusters" in info.data:
            raise PydanticCustomError("missing", "Field required")
        return None

    @field_validator("cluster_name", "ingress_namespace", "syncer_namespace", "repository_secret")
    @classmethod
    def _label(cls, value: str | None) -> str | None:
        return None if value is None else label(value)

    @field_validator("image")
    @classmethod
    def _image_pattern(cls, value: str) -> str:
        try:
            fields = {name for _, name, _, _ in Formatter().parse(value) if name is not None}
        except ValueError as error:
            raise ValueError(f"its braces do not match ({error})") from None
        if unknown := fields - _IMAGE_FIELDS:
            raise ValueError(f"there is no {{{min(unknown)}}}; use {', '.join(sorted(_IMAGE_FIELDS))}")
        return value

    @field_validator("templates")
    @classmethod
    def _folder(cls, value: Path) -> Path:
        if not value.is_dir():
            raise ValueError("make it a folder that holds template sets such as base and web")
        return value


def _demands_review(path: str) -> bool:
    return any(rule.is_review_required for rule in read_rules(Path(path)).rules.rules)


def _explain(detail: ErrorDetails) -> str:
    name = str(detail["loc"][0]) if detail["loc"] else ""
    field = Settings.model_fields[name]
    variable = PREFIX + name.upper()
    if detail["type"] == "missing":
        return f"  {variable} is not set: {field.description}"
    message = detail["msg"].removeprefix("Value error, ")
    return f"  {variable}{_value(name, detail)}: {message} ({field.description})"


def _value(name: str, detail: ErrorDetails) -> str:
    if "SecretStr" in str(Settings.model_fields[name].annotation):
        return ""
    return f" is {re.sub('//[^/@]*@', '//…@', shown(detail['input']))}"
