"""Where generated passwords go: a file that only its owner can read, or a Kubernetes Secret. Nowhere else."""
# pyright: basic, reportMissingImports=false
# (The Kubernetes client comes with Airflow's provider and is not in the development environment.)

import base64
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from settings_report import Failure

KEY = "passwords.json"  # one key, as a user's name need not be a legal key of a Secret
TIMEOUT = 20  # seconds a request: the transaction and its lock wait meanwhile


def merged(text: str, new: dict[str, str], gone: list[str]) -> str:
    """The JSON object of passwords by user name, with `new` in and `gone` out."""
    held = json.loads(text) if text.strip() else {}
    away = {name.casefold() for name in gone}  # one that was renamed by case lies under the earlier name
    held = {name: password for name, password in held.items() if name.casefold() not in away} | new
    return json.dumps(held, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


@dataclass(frozen=True)
class PasswordFile:
    """A JSON file of mode 0600, replaced as a whole."""

    path: Path

    def update(self, new: dict[str, str], gone: list[str]) -> None:
        text = merged(self.path.read_text("utf-8") if self.path.exists() else "", new, gone)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")  # mkstemp's mode is 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@dataclass(frozen=True)
class PasswordSecret:
    """The key `passwords.json` of a Secret; made where it is not there. `namespace` None: the pod's own."""

    name: str
    namespace: str | None = None

    def update(self, new: dict[str, str], gone: list[str]) -> None:
        from kubernetes import client, config
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            config.load_incluster_config()  # the pod's service account
        except config.ConfigException:
            config.load_kube_config()
        api = client.CoreV1Api()
        what = f"the Secret {self.name} for generated passwords"
        for last in (False, False, True):
            try:
                self._write(api, client, ApiException, new, gone)
                return
            except ApiException as error:
                if error.status != 409 or last:  # 409: someone wrote it between our reading and writing
                    raise Failure(
                        f"{what}: Kubernetes answered {error.status} {error.reason}; "
                        "the service account needs get, create and update on it"
                    ) from None
            except HTTPError as error:
                raise Failure(f"{what}: Kubernetes cannot be reached ({type(error).__name__})") from None

    def _write(self, api, client, api_exception, new: dict[str, str], gone: list[str]) -> None:
        namespace = self.namespace or own_namespace()
        try:
            secret = api.read_namespaced_secret(self.name, namespace, _request_timeout=TIMEOUT)
        except api_exception as error:
            if error.status != 404:
                raise
            secret = client.V1Secret(metadata=client.V1ObjectMeta(name=self.name), data={})
        data = dict(secret.data or {})
        text = merged(base64.b64decode(data.get(KEY, "")).decode(), new, gone)
        data[KEY] = base64.b64encode(text.encode()).decode()
        secret.data = data
        if secret.metadata.resource_version:
            api.replace_namespaced_secret(self.name, namespace, secret, _request_timeout=TIMEOUT)
        else:
            api.create_namespaced_secret(namespace, secret, _request_timeout=TIMEOUT)


def own_namespace() -> str:
    path = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
    try:
        return path.read_text().strip()
    except OSError:
        raise Failure("--passwords-secret NAME needs a pod's service account, or NAMESPACE/NAME") from None
