"""The list of create-only properties knows the types of the shipped plans."""

import pytest

from infra.preview import create_only
from infra.preview.model import PROVIDER_PREFIX
from tests.program.conftest import PlanOf
from tests.program.stacks import SHIPPED
from tests.unit.test_create_only import LIST

LISTED = {token for entry in LIST for token in entry["types"]}
# Beside names, keys and what stands in a path, the provider changes everything of these in place.
IN_PLACE = {
    "aws:ec2/internetGateway:InternetGateway",
    "azure-native:containerservice:MaintenanceConfiguration",
    "azure-native:dbforpostgresql:Configuration",
    "azure-native:dns:RecordSet",
    "azure-native:managedidentity:FederatedIdentityCredential",
    "azure-native:network:NatGateway",
    "azure-native:network:NetworkSecurityGroup",
    "azure-native:network:PrivateDnsZoneGroup",
    "azure-native:network:Subnet",
    "azure-native:operationalinsights:Workspace",
    "azure-native:privatedns:VirtualNetworkLink",
    "azure-native:storage:BlobServiceProperties",
    "azure-native:storage:ManagementPolicy",
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
    "kubernetes:batch/v1:CronJob",
    "kubernetes:core/v1:LimitRange",
    "kubernetes:core/v1:Namespace",
    "kubernetes:core/v1:ServiceAccount",
    "kubernetes:networking.k8s.io/v1:Ingress",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "kubernetes:policy/v1:PodDisruptionBudget",
    "kubernetes:rbac.authorization.k8s.io/v1:Role",
    "kubernetes:scheduling.k8s.io/v1:PriorityClass",
}
CUSTOM_RESOURCES = ("kubernetes:cert-manager.io/", "kubernetes:monitoring.coreos.com/", "kubernetes:keda.sh/")


@pytest.mark.parametrize(("stack", "stacks"), SHIPPED)
def test_every_type_is_listed_or_is_changed_in_place(plan: PlanOf, stack: str, stacks: str) -> None:
    types = {item.type for item in plan(stack, stacks) if item.custom and not item.type.startswith(PROVIDER_PREFIX)}
    left = types - LISTED - IN_PLACE
    assert {token for token in left if not token.startswith(("tls:", "random:", *CUSTOM_RESOURCES))} == set()


@pytest.mark.parametrize("stack", ["integration", "production"])
def test_what_names_an_azure_resource_replaces_it(plan: PlanOf, stack: str) -> None:
    in_place = {"customNetworkInterfaceName"}
    missing = {
        (item.type, key)
        for item in plan(stack, "examples/azure")
        if item.package == "azure-native" and item.custom
        for key in item.inputs
        if key.endswith("Name") and key not in in_place and not create_only.rules(item.type).replaces(key)
    }
    assert missing == set()
