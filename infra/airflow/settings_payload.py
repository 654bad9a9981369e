"""A release's settings as one value of a Kubernetes Secret. Pure; what `sync/settings_file.unpack` reads back."""

import base64
import gzip

SECRET_MAX = 1024 * 1024  # bytes of all values of a Secret, before their base64 (k8s.io/api/core/v1, MaxSecretSize)


class SettingsTooLarge(ValueError):  # noqa: N818 - the word of the message
    """The settings do not fit into a Kubernetes Secret."""


def compressed(text: str) -> str:
    """`text` (YAML) gzipped, as the base64 that a Secret's `data` wants; the same text gives the same bytes.

    Raises SettingsTooLarge above 1 MiB of compressed bytes, naming both sizes.
    """
    packed = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    if len(packed) > SECRET_MAX:
        raise SettingsTooLarge(
            f"airflow:settings has {len(text.encode()):,} bytes, {len(packed):,} when compressed; a Kubernetes Secret "
            f"holds {SECRET_MAX:,}: move large values (certificates, tables) to files or the object store, name them"
        )
    return base64.b64encode(packed).decode()
