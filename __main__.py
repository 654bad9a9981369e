"""The stack, as the Pulumi CLI runs it; `python -m infra.preview` plans the same without the CLI."""

import pulumi

from infra.program import run

for name, value in run().items():
    pulumi.export(name, value)
