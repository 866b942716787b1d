"""Waybill's own proof, asked for as anybody would: `waybill prove --json`, in a process of its own."""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

from operators.demo.place import ROOT

_WAYBILL = "from operators.cli import main; main()"
_LIMIT_S = 300.0


class ProofFailedError(Exception):
    """`waybill prove` gave no answer; the message has what it said instead."""


async def prove() -> Mapping[str, Any]:
    """What `waybill prove --json` says.

    Raises:
        ProofFailedError: it said nothing that can be read.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _WAYBILL, "prove", "--json"),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_LIMIT_S):
            said, problem = await process.communicate()
        answer: Mapping[str, Any] = json.loads(said)
    except TimeoutError:
        raise ProofFailedError(f"waybill prove gave no answer within {_LIMIT_S:g} s") from None
    except ValueError:
        words = problem.decode(errors="replace").strip()
        raise ProofFailedError(f"waybill prove ended with status {process.returncode}: {words}") from None
    finally:
        if process.returncode is None:
            process.kill()
    return answer
