"""The plan without an account: what a stack's first `pulumi up` would create, in seconds, without the CLI or a network.

`python -m infra.preview --help` is the command; `planning.make` gives the same plan as typed values. docs/preview.md
"""
