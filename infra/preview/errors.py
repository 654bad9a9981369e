"""What a user can get wrong before the program's own settings are reached."""


class InputError(Exception):
    """A stack, a file or an option that cannot be used; the text says what, why and the cure. Exit code 2."""
