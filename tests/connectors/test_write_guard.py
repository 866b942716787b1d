"""Nothing is written to a remote system outside the effect mechanism."""

import threading

import pytest

from connectors.guard import WRITING_METHODS, UnguardedWrite, writing_allowed
from connectors.hotwax.client import HotWax
from connectors.retailpro.partner_v1 import PartnerV1
from connectors.settings import HotWaxSettings, RetailProSettings

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def pos() -> PartnerV1:
    return PartnerV1(RetailProSettings(base_url=NOWHERE))


def test_every_writing_method_is_registered() -> None:
    assert {"write_number", "create_invoice", "create_slip"} <= WRITING_METHODS


@pytest.mark.parametrize("method", ["create_invoice", "create_slip"])
def test_a_document_is_not_sent_outside_the_effect_mechanism(pos: PartnerV1, method: str) -> None:
    with pytest.raises(UnguardedWrite, match=method):
        getattr(pos, method)("{}")


def test_an_invoice_number_is_not_written_outside_the_effect_mechanism() -> None:
    oms = HotWax("gt", HotWaxSettings.model_validate({"base_url": NOWHERE, "token": "t"}))
    with pytest.raises(UnguardedWrite, match="write_number"):
        oms.write_number("{}")


def test_permission_ends_with_its_block_even_when_it_raises(pos: PartnerV1) -> None:
    with pytest.raises(ZeroDivisionError), writing_allowed():
        raise ZeroDivisionError
    with pytest.raises(UnguardedWrite):
        pos.create_invoice("{}")


def test_permission_of_one_thread_is_not_that_of_another(pos: PartnerV1) -> None:
    seen: list[str] = []

    def write() -> None:
        try:
            pos.create_invoice("{}")
        except UnguardedWrite:
            seen.append("refused")

    with writing_allowed():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert seen == ["refused"]
