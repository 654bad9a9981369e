"""What the program knows of AWS as data, and its arithmetic with addresses."""

from ipaddress import IPv4Network

import pytest

from infra.settings import aws_facts
from infra.settings.aws import NewNetwork
from infra.settings.aws_network import share_out
from infra.settings.base import Size
from infra.settings.figures import Figures
from infra.settings.sizes import TABLE
from infra.versions import AUTOSCALER_IMAGES, KUBERNETES_KNOWN


@pytest.mark.parametrize("zones", [2, 3])
@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "172.31.0.0/20", "192.168.4.0/23"])
@pytest.mark.guarantee("subnets that overlap or lie outside")
def test_a_vpc_is_shared_out_without_overlap(cidr: str, zones: int) -> None:
    cut = share_out(NewNetwork.model_validate({"kind": "new", "cidr": cidr}), zones)
    everything = cut.all()
    assert len(everything) == 3 * zones
    assert all(one.subnet_of(IPv4Network(cidr)) and one.prefixlen <= 28 for one in everything)
    assert not [one for one in everything for other in everything if one is not other and one.overlaps(other)]


@pytest.mark.parametrize("size", list(Size))
@pytest.mark.guarantee("an unknown machine size")
def test_each_size_runs_on_types_that_exist(size: Size) -> None:
    figures = Figures.model_validate(TABLE[size]).aws
    types = aws_facts.instance_types()
    assert {types[figures.system.instance_type].architecture, types[figures.tasks.instance_type].architecture} == {
        "x86_64"
    }
    assert figures.database_class in aws_facts.database_classes()


def test_every_kubernetes_has_an_autoscaler() -> None:
    assert set(AUTOSCALER_IMAGES) == set(KUBERNETES_KNOWN["aws"])
    for minor, image in AUTOSCALER_IMAGES.items():
        assert image.startswith(f"v{minor}.")
