#!/bin/sh
# Runs often what the default test run does once or a few times: boots on several processors, processors that go and come back, a load beside
# a watched process, every way to reset (docs/testing.md). One line for each figure; exit status 0: all passed. About an hour on 2 cores.
#   HVK_REPEAT_BOOT    boots on two processors (default 20), with page-table isolation and without; on four a quarter of that
#   HVK_OFFLINE        how often a processor goes and comes back (default 100)
#   HVK_LOAD_SECONDS   how long the load runs, by the emulator's clock (default 600)
set -u
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root" || exit 1
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
export HVK_REPEAT_BOOT="${HVK_REPEAT_BOOT:-20}" HVK_OFFLINE="${HVK_OFFLINE:-100}" HVK_LOAD_SECONDS="${HVK_LOAD_SECONDS:-600}" HVK_RESETS=all
mkdir -p out/test
log=out/test/processors.log
dotnet test tests/Boot -c Release -m:1 -nodeReuse:false --logger 'console;verbosity=detailed' \
    --filter 'FullyQualifiedName~Boot.Tests.Processors|FullyQualifiedName~Boot.Tests.Restart' >"$log" 2>&1
status=$?
sed -n 's/^ *figure: //p; s/^  Failed /failed: /p; s/^ *\(Passed: *[0-9]*\)$/\1/p; /error/p' "$log"
[ "$status" -eq 0 ] || echo "processors: dotnet test ended with status $status; all it said is in $log" >&2
exit "$status"
