"""Structured logs: JSON for machines, readable for people, with the ids of what each line is about."""

import logging
import sys

import structlog
from structlog.typing import Processor


def configure(log_format: str = "json", level: int = logging.INFO) -> None:
    """Send everything, the SDK's and libraries' lines too, to standard error in one format (`json` or `console`)."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(allow=["tenant", "order", "stage", "hold"]),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    is_json = log_format == "json"
    renderer: Processor = structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info if is_json else _as_it_is,
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _as_it_is(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Leave exceptions to the console renderer, which prints them better."""
    return event
