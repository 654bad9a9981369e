"""What a stack's names began with at its last `up`: its own export, read back. Nobody renames a stack that stands."""

import pulumi

from infra.names import NAMES_EXPORT, Names, renaming


def kept(names: Names) -> pulumi.Output[str]:
    """What names begin with. Where the stack stands by other ones it fails, and so does each provider that takes it."""
    own = f"{pulumi.get_organization()}/{names.project}/{names.stack}"
    last = pulumi.StackReference("last", stack_name=own)
    return last.outputs.apply(lambda exports: _kept((exports or {}).get(NAMES_EXPORT), names.resource()))


def _kept(standing: object, wanted: str) -> str:
    if why := renaming(standing, wanted):
        pulumi.log.error(why)  # an exception alone shows no word once there are error hooks
        raise pulumi.RunError("nothing was changed")
    return wanted
