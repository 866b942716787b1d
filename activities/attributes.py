"""The search attributes of every workflow: what operators filter by. They change only with a stage or a hold."""

from enum import StrEnum
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from domain.stages import Hold

TENANT = SearchAttributeKey.for_keyword("WaybillTenant")
STAGE = SearchAttributeKey.for_keyword("WaybillStage")
HOLD = SearchAttributeKey.for_keyword("WaybillHold")

REGISTERED = {key.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD for key in (TENANT, STAGE, HOLD)}
"""What `waybill setup` makes in the namespace."""


def at_start(tenant: str, stage: StrEnum) -> TypedSearchAttributes:
    """The attributes a workflow starts with."""
    return TypedSearchAttributes([SearchAttributePair(TENANT, tenant), SearchAttributePair(STAGE, str(stage))])


def changes(stage: StrEnum, hold: Hold | None) -> list[SearchAttributeUpdate[Any]]:
    """The attributes of this stage and hold."""
    return [STAGE.value_set(str(stage)), HOLD.value_set(hold.key) if hold else HOLD.value_unset()]
