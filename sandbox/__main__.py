"""`python -m sandbox`: run all systems on one port and print where."""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sandbox.app import build
from sandbox.server import SandboxServer, listen

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; return the exit status (2: the configuration is wrong)."""
    options = _parser().parse_args(arguments)
    try:
        settings = _settings(options.config, options.set)
        sandbox = build(options.state, settings)
    except (ValidationError, ValueError, OSError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 2
    SandboxServer(sandbox, listen(options.host, options.port)).serve_forever()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "sandbox", description="HotWax, Retail Pro and NetSuite on this machine, with faults on demand."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--state", type=Path, help="folder that keeps the state (default: none is kept)")
    parser.add_argument("--config", type=Path, help="TOML file with settings")
    parser.add_argument(
        *("--set",), action="append", default=[], metavar="NAME=VALUE", help="one setting, its value in TOML"
    )
    return parser


def _settings(config: Path | None, pairs: list[str]) -> dict[str, Any]:
    """Return the settings of a file with single ones over them."""
    settings = tomllib.loads(config.read_text()) if config else {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise ValueError(f"--set {pair}: write NAME=VALUE")
        settings[name.strip()] = _toml_value(value)
    return settings


def _toml_value(text: str) -> Any:
    """Return a TOML value; what is none, such as a bare word, is text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


if __name__ == "__main__":
    sys.exit(main())
