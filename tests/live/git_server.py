"""A git server in the cluster: one repository over HTTPS, behind a token if asked; pushes by `kubectl exec`."""

from dataclasses import dataclass
from typing import Any

from tests.certificates import issue
from tests.live.site import Site

SERVE = """
set -e
git config --global user.email live@acme.org; git config --global user.name live
git config --global init.defaultBranch main
git init -q --bare /srv/www/dags.git; git clone -q /srv/www/dags.git /srv/work 2>/dev/null
cat >/srv/serve.py <<'PY'
import base64, http.server, os, ssl, subprocess

EXPECTED = "Basic " + base64.b64encode(b"git:" + os.environ["TOKEN"].encode()).decode()

class Handler(http.server.BaseHTTPRequestHandler):
    # git's own CGI program, for a server that speaks all of git's protocol, shallow clones too
    def do_GET(self):
        if os.environ["TOKEN"] and self.headers.get("Authorization") != EXPECTED:
            return self.answer(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"")
        path, _, query = self.path.partition("?")
        given = {"PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command}
        given |= {"GIT_PROJECT_ROOT": "/srv/www", "GIT_HTTP_EXPORT_ALL": "1"}
        given |= {"CONTENT_TYPE": self.headers.get("Content-Type", "")}
        given |= {"HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", "")}
        given |= {"GIT_PROTOCOL": self.headers.get("Git-Protocol", "")}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        done = subprocess.run(["git", "http-backend"], input=body, env={**os.environ, **given}, stdout=subprocess.PIPE)
        head, _, content = done.stdout.partition(b"\\r\\n\\r\\n")
        lines = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.answer(int(lines.pop("Status", "200").split()[0]), lines, content)

    do_POST = do_GET

    def answer(self, status, lines, content):
        self.send_response(status)
        for key, value in {**lines, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)

server = http.server.ThreadingHTTPServer(("", 8443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tls/tls.crt", "/tls/tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
PY
exec python /srv/serve.py
"""
PUSH = """
set -e
cd /srv/work; mkdir -p dags; cat >"dags/$0.py"; git add -A; git commit -qm "$0"; git push -q origin HEAD:main
"""


@dataclass
class GitServer:
    """`start` it once the release's namespace is there; `trusting` is what the release's values need for it.

    With a `token` it asks for that and the user `git`.
    """

    site: Site
    image: str
    token: str = ""

    @property
    def namespace(self) -> str:
        return f"{self.site.prefix}-git"

    @staticmethod
    def address(prefix: str) -> str:
        """The repository of the server in a site with this prefix."""
        return f"https://git.{prefix}-git.svc/dags.git"

    @property
    def ca(self) -> str:
        """The name of the ConfigMap in the release's namespace."""
        return "git-ca"

    def start(self) -> None:
        pem = issue(f"git.{self.namespace}.svc")
        here = {"name": "git", "namespace": self.namespace}
        tls = {"tls.crt": pem.certificate, "tls.key": pem.key}
        port = {"port": 443, "targetPort": 8443}
        objects: list[dict[str, Any]] = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}},
            {"apiVersion": "v1", "kind": "Secret", "metadata": here, "stringData": tls},
            {"apiVersion": "v1", "kind": "Pod", "metadata": {**here, "labels": {"app": "git"}}, "spec": self._pod()},
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": here,
                "spec": {"selector": {"app": "git"}, "ports": [port]},
            },
        ]
        self.site.apply(*objects)
        metadata = {"name": self.ca, "namespace": self.site.namespace}
        self.site.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.crt": pem.ca}})
        self.site.cluster.run("wait", "--for=condition=Ready", "pod/git", "-n", self.namespace, "--timeout=180s")

    def _pod(self) -> dict[str, Any]:
        mounts = [{"name": "tls", "mountPath": "/tls"}, {"name": "srv", "mountPath": "/srv"}]
        container: dict[str, Any] = {"name": "git", "image": self.image, "imagePullPolicy": "IfNotPresent"}
        container |= {"command": ["bash", "-c", SERVE], "volumeMounts": mounts}
        container |= {"env": [{"name": "HOME", "value": "/srv"}, {"name": "TOKEN", "value": self.token}]}
        container |= {"readinessProbe": {"tcpSocket": {"port": 8443}, "periodSeconds": 2}}
        volumes = [{"name": "tls", "secret": {"secretName": "git"}}, {"name": "srv", "emptyDir": {}}]
        return {"containers": [container], "volumes": volumes, "terminationGracePeriodSeconds": 0}

    def push(self, name: str, text: str) -> None:
        """A DAG's file, committed and pushed to `main`."""
        self.site.cluster.run("exec", "-i", "-n", self.namespace, "git", "--", "bash", "-c", PUSH, name, given=text)


def trusting() -> dict[str, Any]:
    """Values of the chart with which every component trusts the server."""
    return {
        "env": [{"name": "GIT_SSL_CAINFO", "value": "/etc/git-ca/ca.crt"}],
        "volumes": [{"name": "git-ca", "configMap": {"name": "git-ca"}}],
        "volumeMounts": [{"name": "git-ca", "mountPath": "/etc/git-ca", "readOnly": True}],
    }
