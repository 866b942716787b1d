#!/bin/sh
# Runs a command and says what it is for and how long it took: step.sh "what it does" command arguments...
set -u
what=$1
shift
printf '==> %s\n' "$what"
started=$(date +%s)
"$@"
status=$?
printf '==> %s: %s after %s s\n' "$what" "$([ "$status" -eq 0 ] && echo done || echo FAILED)" "$(($(date +%s) - started))"
exit "$status"
