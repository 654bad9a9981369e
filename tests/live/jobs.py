"""A Job of a site's release, run once more with something changed."""

from typing import Any

from tests.live.site import Site


def run_again(site: Site, job: str, name: str, **changes: Any) -> tuple[str, str]:
    """Run the plan's Job once more under another name: how it ended, and its log but for what it waited for."""
    made = site.manifest(site.named("Job", job))
    made["metadata"]["name"] = name
    made["spec"]["backoffLimit"] = 0
    spec = made["spec"]["template"]["spec"]
    container = spec["containers"][0]
    for variable, value in changes.get("env", {}).items():
        container["env"] = [item for item in container["env"] if item["name"] != variable]
        container["env"].append({"name": variable, "value": value})
    if "ca" in changes:
        volume = next(item for item in spec["volumes"] if item["name"] == "postgres-ca")
        volume["configMap"]["name"] = changes["ca"]
    if "passwords" in changes:
        for item in container["env"]:
            if item["name"].startswith("PASSWORD_"):
                item["valueFrom"]["secretKeyRef"]["name"] = changes["passwords"]
    site.apply(made)
    namespace = made["metadata"]["namespace"]
    state, log = site.job(name, namespace, 300), site.log(f"job/{name}", namespace)
    waited = ("waiting up to ", " can be reached after ")
    return state, "\n".join(line for line in log.split("\n") if not any(words in line for words in waited))
