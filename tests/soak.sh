#!/bin/sh
# Runs at full length what the default test run shortens (docs/testing.md, "Longer runs"). Exit status 0: all passed.
set -u
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root" || exit 1
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
export HVK_FLOOD="${HVK_FLOOD:-1000000}" HVK_TRANSITIONS="${HVK_TRANSITIONS:-1000000}" HVK_FUZZ_BLOBS="${HVK_FUZZ_BLOBS:-10000}" HVK_REPEAT="${HVK_REPEAT:-10}"
exec dotnet test tests/Boot -c Release -m:1 -nodeReuse:false --logger 'console;verbosity=detailed' \
    --filter 'Run=long|FullyQualifiedName~CodeVectorTests|FullyQualifiedName~CodeRandomTests|FullyQualifiedName~LabRepeatTests'
