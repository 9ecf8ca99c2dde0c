"""Which address of this machine the network is told."""

from __future__ import annotations

import pytest

from agent.errors import StudioError
from agent.web.lan.address import addresses, choose, host_names


def test_of_several_the_one_with_the_default_route_is_taken() -> None:
    found = ["172.17.0.1", "192.168.1.20"]
    assert choose(found, default="192.168.1.20", wanted=None) == "192.168.1.20"
    assert choose(found, default="192.168.1.20", wanted="172.17.0.1") == "172.17.0.1"


def test_a_network_without_a_way_out_will_do() -> None:
    assert choose(["10.0.0.7"], default=None, wanted=None) == "10.0.0.7"


@pytest.mark.parametrize(
    ("found", "wanted", "says", "fix"),
    [
        ([], None, "no IPv4 address", "Wi-Fi"),
        (["10.0.0.7", "10.1.0.7"], None, "no default route", "STUDIO_WEB__LAN_ADDRESS"),
        (["10.0.0.7"], "10.0.0.8", "does not have the address 10.0.0.8", "10.0.0.7"),
    ],
)
def test_what_cannot_be_chosen_is_told_with_a_remedy(found: list[str], wanted: str | None, says: str, fix: str) -> None:
    with pytest.raises(StudioError, match=says) as caught:
        choose(found, default=None, wanted=wanted)
    assert fix in caught.value.fix


def test_loopback_is_no_address_of_a_network() -> None:
    assert not any(address.startswith("127.") for address in addresses())


def test_the_host_is_known_by_its_name_and_by_multicast_dns() -> None:
    assert host_names("Studio") == ("studio", "studio.local")
    assert host_names("pc.example.org") == ("pc.example.org", "pc.local")
    assert host_names("localhost") == ()
    assert host_names("not a name") == ()
