"""One login serves all threads, is renewed once when its token expires, and never hammers a locked door."""

import threading
from typing import Any

import pytest

from connectors.errors import (
    Contract,
    Unauthorized,
    Unreachable,
)
from domain.order import Order
from domain.outcomes import Outcome
from tests.connectors.conftest import MakeHotWax
from tests.connectors.hotwax_help import LOGIN, ORDERS, logins, numbers, write_number
from tests.support.sandbox import SandboxProcess


def test_many_threads_share_one_login(sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str) -> None:
    hotwax = make_hotwax()
    read: list[Order] = []
    threads = [threading.Thread(target=lambda: read.append(hotwax.read_order(order_id))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read) == 8
    assert logins(sandbox) == 1


def test_an_expired_token_is_renewed_once_for_all_threads(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    hotwax = make_hotwax()
    hotwax.read_order(order_id)
    sandbox.post("/admin/expire-tokens")
    read: list[Order] = []
    threads = [threading.Thread(target=lambda: read.append(hotwax.read_order(order_id))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read) == 8
    assert logins(sandbox) == 2


def test_a_token_that_expires_under_a_write_is_renewed_and_the_write_made_once(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    sandbox.fault("expire_token", path=f"{ORDERS}/{order_id}/identifications", next=1)
    assert write_number(make_hotwax(), order_id).outcome is Outcome.CREATED
    assert len(numbers(sandbox, order_id)) == 1


def test_a_token_that_is_refused_again_and_again_is_not_renewed_for_ever(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    sandbox.fault("expire_token", path=ORDERS)
    with pytest.raises(Unauthorized):
        make_hotwax().read_order(order_id)
    assert logins(sandbox) == 2


def test_a_wrong_password_is_not_tried_again_at_once(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    hotwax = make_hotwax(username="waybill", password="s3cret")
    for _ in range(3):
        with pytest.raises(Unauthorized) as refused:
            hotwax.read_order(order_id)
        assert refused.value.operation == "log_in"
        assert "s3cret" not in str(refused.value)
    assert logins(sandbox) == 1


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500}, {"kind": "drop"}])
def test_a_login_that_does_not_get_through_is_tried_again(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str, fault: dict[str, Any]
) -> None:
    sandbox.fault(**fault, path=LOGIN, next=1)
    hotwax = make_hotwax()
    with pytest.raises(Unreachable):
        hotwax.read_order(order_id)
    assert hotwax.read_order(order_id).order_id == order_id


def test_a_login_answered_with_nonsense_is_named(sandbox: SandboxProcess, make_hotwax: MakeHotWax) -> None:
    sandbox.fault("garbage", garbage="wrong_types", when="after", path=LOGIN)
    with pytest.raises(Contract) as refused:
        make_hotwax().read_order("1")
    assert (refused.value.operation, refused.value.place) == ("log_in", "token")


def test_a_login_refused_inside_a_200_is_no_login(sandbox: SandboxProcess, make_hotwax: MakeHotWax) -> None:
    sandbox.fault("soft_error", path=LOGIN)
    with pytest.raises(Unauthorized):
        make_hotwax().read_order("1")


def test_a_long_lived_token_needs_no_login(sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str) -> None:
    assert make_hotwax(token="sandbox-token").read_order(order_id).order_id == order_id
    with pytest.raises(Unauthorized):
        make_hotwax(token="old-token").read_order(order_id)
    assert logins(sandbox) == 0
