"""The recording monitor answers as a real engine's first preview does, with the SDKs as pinned."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pulumi_tls as tls
import pytest

from infra.preview.model import Plan
from infra.preview.recorder import ProgramError, Recording, record

UNKNOWN = {"$unknown": True}
SECRET = {"$secret": True}
PREFIX = "urn:pulumi:dev::airflow::"


class Component(pulumi.ComponentResource):
    def __init__(
        self, name: str, build: Callable[[pulumi.ResourceOptions], Any], opts: pulumi.ResourceOptions | None = None
    ):
        super().__init__("airflow:test:Component", name, None, opts)
        self.built = build(pulumi.ResourceOptions(parent=self))
        self.register_outputs({})


def recorded(program: Callable[[], Mapping[str, Any] | None], **config: str) -> Recording:
    keys = {f"airflow:{key}": value for key, value in config.items()}
    secrets = frozenset(key for key in keys if key.endswith("secret"))
    return record(lambda: program() or {}, project="airflow", stack="dev", config=keys, secret_keys=secrets)


def inputs(recording: Recording, name: str) -> Mapping[str, Any]:
    return next(resource.inputs for resource in recording.resources if resource.name == name)


def in_cluster(kubeconfig: pulumi.Input[str]) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(provider=k8s.Provider("cluster", kubeconfig=kubeconfig, cluster_identifier="c"))


def test_urns_carry_the_chain_of_parents_types_without_the_stack():
    def program():
        provider = tls.Provider("tls")
        Component(
            "outer",
            lambda opts: Component(
                "inner",
                lambda opts: tls.PrivateKey(
                    "key", algorithm="RSA", opts=pulumi.ResourceOptions(parent=opts.parent, provider=provider)
                ),
                opts,
            ),
        )

    assert [resource.urn for resource in recorded(program).resources] == [
        f"{PREFIX}airflow:test:Component$airflow:test:Component$tls:index/privateKey:PrivateKey::key",
        f"{PREFIX}airflow:test:Component$airflow:test:Component::inner",
        f"{PREFIX}airflow:test:Component::outer",
        f"{PREFIX}pulumi:providers:tls::tls",
        f"{PREFIX}pulumi:pulumi:Stack::airflow-dev",
    ]


def test_what_a_provider_computes_is_unknown_inside_objects_too():
    def program():
        opts = pulumi.ResourceOptions(provider=aws.Provider("aws", region="eu-west-1"))
        cluster = aws.eks.Cluster(
            "cluster",
            role_arn="arn:given",
            vpc_config=aws.eks.ClusterVpcConfigArgs(subnet_ids=["subnet-1"]),
            opts=opts,
        )
        return {
            "given": cluster.role_arn,
            "givenInside": cluster.vpc_config.subnet_ids,
            "id": cluster.id,
            "computed": cluster.endpoint,
            "computedInside": cluster.vpc_config.cluster_security_group_id,
            "text": pulumi.Output.concat("https://", cluster.endpoint),
        }

    outputs = recorded(program).outputs
    assert outputs.pop("given") == "arn:given"
    assert outputs.pop("givenInside") == ["subnet-1"]
    assert set(map(json.dumps, outputs.values())) == {json.dumps(UNKNOWN)}


def test_what_a_property_comes_from_is_kept():
    def program():
        opts = pulumi.ResourceOptions(provider=aws.Provider("aws", region="eu-west-1"))
        vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=opts)
        aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="10.0.0.0/24", opts=opts)

    subnet = next(resource for resource in recorded(program).resources if resource.name == "subnet")
    assert subnet.by_property == {"vpcId": (f"{PREFIX}aws:ec2/vpc:Vpc::vpc",)} == {"vpcId": subnet.depends_on}


def test_a_known_tls_key_is_unknown_and_stays_secret():
    def program():
        opts = pulumi.ResourceOptions(provider=tls.Provider("tls"))
        key = tls.PrivateKey("key", algorithm="ECDSA", opts=opts)
        return {"private": key.private_key_pem, "public": key.public_key_pem}

    assert recorded(program).outputs == {"private": SECRET, "public": UNKNOWN}


def test_kubernetes_names_are_made_up_once_and_for_ever():
    def program():
        namespace = k8s.core.v1.Namespace("airflow", opts=in_cluster("known"))
        return {"name": namespace.metadata.name, "uid": namespace.metadata.uid}

    first, second = recorded(program), recorded(program)
    assert first.outputs == second.outputs
    assert first.outputs["uid"] == UNKNOWN
    name = first.outputs["name"]
    assert inputs(first, "airflow")["metadata"] == {"name": name}
    prefix, _, digits = name.rpartition("-")
    assert (prefix, len(digits), int(digits, 16) >= 0) == ("airflow", 8, True)


def test_with_an_unknown_kubeconfig_every_output_of_the_cluster_is_unknown():
    def program():
        opts = pulumi.ResourceOptions(provider=aws.Provider("aws", region="eu-west-1"))
        role = aws.iam.Role("role", assume_role_policy="{}", opts=opts)
        cluster = in_cluster(pulumi.Output.secret(role.arn))
        namespace = k8s.core.v1.Namespace("n", metadata=k8s.meta.v1.ObjectMetaArgs(name="given"), opts=cluster)
        return {"name": namespace.metadata.name, "apiVersion": namespace.api_version}

    recording = recorded(program)
    assert recording.outputs == {"name": UNKNOWN, "apiVersion": UNKNOWN}
    assert inputs(recording, "n")["metadata"] == {"name": "given"}
    assert inputs(recording, "cluster")["kubeconfig"] == SECRET


def test_a_secret_is_never_shown_and_taints_the_whole_of_string_data():
    def program():
        value = pulumi.Config("airflow").require_secret("secret")
        cluster = in_cluster("known")
        k8s.core.v1.Secret("s", string_data={"plain": "seen?", "key": value}, opts=cluster)
        k8s.core.v1.ConfigMap("c", data={"upper": value.apply(str.upper)}, opts=cluster)
        return {"secret": value}

    recording = recorded(program, secret="canary-7f3a")
    assert inputs(recording, "s")["stringData"] == SECRET
    assert recording.outputs == {"secret": SECRET}
    shown = json.dumps([resource.as_json() for resource in recording.resources])
    assert "canary" not in shown.lower()
    assert "seen?" not in shown


def test_a_function_of_a_provider_answers_unknown():
    def program():
        opts = pulumi.InvokeOutputOptions(provider=aws.Provider("aws", region="eu-west-1"))
        return {"account": aws.get_caller_identity_output(opts=opts).account_id}

    assert recorded(program).outputs == {"account": UNKNOWN}


def test_depending_on_a_component_means_its_custom_children():
    def program():
        cluster = in_cluster("known")

        def two(opts: pulumi.ResourceOptions):
            for name in ("one", "two"):
                k8s.core.v1.ConfigMap(name, opts=pulumi.ResourceOptions(parent=opts.parent, provider=cluster.provider))

        component = Component("component", two)
        k8s.core.v1.ConfigMap("later", opts=pulumi.ResourceOptions(provider=cluster.provider, depends_on=[component]))

    chain = f"{PREFIX}airflow:test:Component$kubernetes:core/v1:ConfigMap"
    later = next(resource for resource in recorded(program).resources if resource.name == "later")
    assert later.depends_on == (f"{chain}::one", f"{chain}::two")
    assert later.by_property == {}
    assert later.provider == f"{PREFIX}pulumi:providers:kubernetes::cluster"
    assert later.parent == f"{PREFIX}pulumi:pulumi:Stack::airflow-dev"


def test_every_option_is_kept():
    def program():
        cluster = in_cluster("known")
        first = k8s.core.v1.ConfigMap("first", opts=cluster)
        k8s.core.v1.ConfigMap(
            "second",
            opts=pulumi.ResourceOptions(
                provider=cluster.provider,
                protect=True,
                delete_before_replace=True,
                retain_on_delete=True,
                deleted_with=first,
                custom_timeouts=pulumi.CustomTimeouts(create="20m"),
                ignore_changes=["data"],
                additional_secret_outputs=["data"],
                aliases=[pulumi.Alias(name="old")],
                hooks=pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("again", lambda _args: True)]),
            ),
        )

    second = next(resource for resource in recorded(program).resources if resource.name == "second")
    first_urn = f"{PREFIX}kubernetes:core/v1:ConfigMap::first"
    assert second.depends_on == (first_urn,)
    assert second.options.as_json() == {
        "protect": True,
        "deleteBeforeReplace": True,
        "retainOnDelete": True,
        "deletedWith": first_urn,
        "customTimeouts": {"create": "20m"},
        "ignoreChanges": ["data"],
        "additionalSecretOutputs": ["data"],
        "aliases": [{"name": "old"}],
        "hooks": {"onError": ["again"]},
    }


def test_a_kubernetes_object_without_an_explicit_provider_is_a_defect():
    def program():
        k8s.core.v1.ConfigMap("lost")

    with pytest.raises(ProgramError, match=r"ConfigMap 'lost' has no explicit provider"):
        recorded(program)


def test_with_the_default_providers_off_a_function_needs_one_too():
    def program():
        return {"account": aws.get_caller_identity_output().account_id}

    off = {"pulumi:disable-default-providers": '["*"]'}
    with pytest.raises(ProgramError, match="function aws:index/getCallerIdentity"):
        record(program, project="airflow", stack="dev", config=off)
    assert recorded(program).outputs == {"account": UNKNOWN}


def test_a_urn_twice_is_a_defect():
    def program():
        cluster = in_cluster("known")
        for _ in range(2):
            k8s.core.v1.ConfigMap("same", opts=cluster)

    with pytest.raises(ProgramError, match=r"duplicate resource URN .*::same"):
        recorded(program)


def test_warnings_are_kept_and_a_logged_error_fails():
    def warned():
        pulumi.log.warn("mind the gap")
        pulumi.log.info("noise")

    assert recorded(warned).warnings == ("mind the gap",)
    with pytest.raises(ProgramError, match="broken"):
        recorded(lambda: pulumi.log.error("broken"))


def test_what_a_program_raises_comes_through_from_an_apply_too():
    def fails(_value: str) -> str:
        raise LookupError("in an apply")

    def program():
        pulumi.ErrorHook("again", lambda _args: True)
        return {"never": pulumi.Output.from_input("x").apply(fails)}

    with pytest.raises(LookupError, match="in an apply"):
        recorded(program)
    with pytest.raises(pulumi.RunError, match="no such"):
        recorded(lambda: (_ for _ in ()).throw(pulumi.RunError("no such")))


def test_a_plan_survives_its_json():
    def program():
        Component("c", lambda opts: k8s.Provider("p", kubeconfig="k", opts=opts))

    plan = Plan("airflow", "dev", recorded(program).resources, {"a": UNKNOWN}, ("w",), ("airflow:s",), ("airflow:p",))
    text = json.dumps(plan.as_json())
    assert Plan.from_json(json.loads(text)) == plan
    assert json.dumps(Plan.from_json(json.loads(text)).as_json()) == text
