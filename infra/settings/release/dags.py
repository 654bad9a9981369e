"""Where a release's DAGs and plugins come from."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.settings.base import Model, Positive, Slug
from infra.settings.problems import refuse


def _repository(value: str) -> str:
    if re.fullmatch(r"https://[^\s@]+|(ssh://)?[A-Za-z0-9._-]+@[^\s:/]+[:/][^\s]+", value):
        return value
    raise refuse(
        "an https:// address without a password in it, or an SSH address",
        "for example https://github.com/your-company/dags.git or git@github.com:your-company/dags.git",
    )


def _folder(value: str) -> str:
    if value and not re.fullmatch(r"(?!\.\.?(/|$))[A-Za-z0-9._-]+(/(?!\.\.?(/|$))[A-Za-z0-9._-]+)*", value):
        raise refuse("a folder inside the repository, without a slash first or last", "for example dags, or nothing")
    return value


def _known_hosts(value: str) -> str:
    for line in filter(None, (line.strip() for line in value.splitlines())):
        if not line.startswith("#") and len(line.split()) < 3:
            raise refuse(
                "lines of known_hosts: host, kind of key, key",
                "take what `ssh-keyscan -t ed25519 HOST` prints, checked",
            )
    return value if value.endswith("\n") else f"{value}\n"


RepositoryUrl = Annotated[str, AfterValidator(_repository)]
Folder = Annotated[str, AfterValidator(_folder)]
KnownHosts = Annotated[str, AfterValidator(_known_hosts)]


class Access(Model):
    """A git repository and how it is read; the credential itself is a secret."""

    repository: RepositoryUrl
    auth: Literal["none", "sshKey", "token"] = Field(
        default="none", description="`sshKey` takes the secret gitSshKey, `token` the secret gitToken"
    )
    user: str = Field(default="git", description="the user name that goes with the token")
    known_hosts: KnownHosts | None = Field(
        default=None, description="the server's host keys, as in known_hosts; asked for with an SSH key"
    )

    @property
    def over_ssh(self) -> bool:
        """Whether the address is an SSH one."""
        return not self.repository.startswith("https://")


FileRef = Annotated[
    str | None,
    Field(
        default=None,
        description="never set by hand: what the stack file says where a deployment (REF, BRANCH) set another `ref`",
    ),
]


class ImageDags(Model):
    """Baked into the image: what ran yesterday runs today, and a change is a new image."""

    kind: Literal["image"] = "image"


class GitDags(Access):
    """git-sync beside every component: one repository, the newest commit of a branch or a tag.

    A sync in the middle of a run changes the code under the tasks that are still to start; where that matters take
    `bundle` or `image`.
    """

    kind: Literal["git"]
    ref: str = Field(default="main", min_length=1, description="branch, tag or commit")
    file_ref: FileRef
    sub_path: Folder = Field(default="dags", description="folder of the DAGs; empty for the root")
    plugins_path: Folder | None = Field(default=None, description="folder of the plugins in the same repository")
    period_seconds: Positive = Field(default=30, description="seconds between two looks at the repository")


class GitRepository(Access):
    """A repository of a bundle."""

    name: Slug = Field(description="name of the bundle, shown in the UI")
    ref: str = Field(default="main", min_length=1, description="branch, tag or commit")
    file_ref: FileRef
    sub_path: Folder = "dags"


class BundleDags(Model):
    """Airflow's own git bundles: several repositories, and a run keeps the commit that it began with."""

    kind: Literal["bundle"]
    repositories: tuple[GitRepository, ...] = Field(min_length=1)
    refresh_seconds: Positive = Field(default=30, description="seconds between two looks at a repository")


class ShareDags(Model):
    """A file share of the foundation: `make upload-dags` writes, everybody else reads."""

    kind: Literal["share"]
    size_gib: Positive = 5


Dags = Annotated[ImageDags | GitDags | BundleDags | ShareDags, Field(discriminator="kind")]
