"""What a person can mend."""


class OpsError(Exception):
    """What stands in the way, said in a sentence with the cure; the verb ends with exit code 2 and no traceback."""
