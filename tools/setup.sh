#!/bin/sh
# Makes everything that a target needs: uv, the locked dependencies in .venv, a Temporal dev server program.
# Quick when all of it is there. Set-ups side by side take turns.
set -eu
cd "$(dirname "$0")/.."

UV_RELEASE=0.13.8
tools=${WAYBILL_TOOLS:-.tools}

say() { printf 'set-up: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

lock() {
    mkdir -p "$tools"
    if command -v flock >/dev/null 2>&1; then
        exec 9>"$tools/setup.lock"
        flock -n 9 || { say "another set-up is running; waiting for it"; flock 9; }
    else
        lock_by_folder
    fi
}

# For systems without flock. The holder's process id tells a crashed set-up from a running one.
lock_by_folder() {
    told=
    until mkdir "$tools/setup.lock.d" 2>/dev/null; do
        holder=$(cat "$tools/setup.lock.d/pid" 2>/dev/null || true)
        if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
            rm -rf "$tools/setup.lock.d"
            continue
        fi
        [ -n "$told" ] || say "another set-up is running; waiting for it"
        told=yes
        sleep 1
    done
    echo $$ >"$tools/setup.lock.d/pid"
    trap 'rm -rf "$tools/setup.lock.d"' EXIT
    trap 'exit 130' INT TERM
}

find_uv() {
    uv=$(command -v uv || true)
    if [ -z "$uv" ] && [ -x "$tools/uv/bin/uv" ]; then
        uv=$tools/uv/bin/uv
    fi
}

get_uv() {
    command -v python3 >/dev/null 2>&1 || fail "python3 is missing: install Python 3.11 or newer"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
        || fail "python3 is $(python3 --version 2>&1), but 3.11 or newer is needed: install one, or install uv"
    say "uv is not on PATH: getting uv $UV_RELEASE from PyPI into $tools/uv"
    {
        python3 -m venv "$tools/uv" && "$tools/uv/bin/python" -m pip install --quiet "uv==$UV_RELEASE"
    } >&2 || fail "uv could not be had from PyPI: install uv and put it on PATH, or mend what is said above
        (where venv is missing: the package python3-venv; where the network is: pip's proxy and index settings)"
    uv=$tools/uv/bin/uv
}

started=$(date +%s)
lock
find_uv
[ -n "$uv" ] || get_uv
[ -d .venv ] || say "installing the locked dependencies into .venv (half a minute the first time)"
"$uv" sync --locked --quiet || fail "uv could not install the locked dependencies; see above"
"$uv" run --no-sync python -m operators.temporal_server fetch >/dev/null
say "ready after $(($(date +%s) - started)) s"
