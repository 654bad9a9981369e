"""`docs`: writes what is made from the models: docs/settings.md and the `config:` section of Pulumi.yaml."""

import sys
from typing import Annotated

import typer

from infra.preview.planning import ROOT
from ops import project_config, settings_reference
from ops.errors import OpsError


def docs(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where something is old.")] = False,
) -> None:
    """Write the settings' reference and Pulumi.yaml's declarations from the models."""
    project = ROOT / "Pulumi.yaml"
    made = {
        ROOT / "docs" / "settings.md": settings_reference.page(),
        project: project_config.with_section(project.read_text()),
    }
    old = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    if check and old:
        names = ", ".join(str(path.relative_to(ROOT)) for path in old)
        raise OpsError(f"old: {names}; `make docs` writes them")
    for path in old:
        path.write_text(made[path])
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
