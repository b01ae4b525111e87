#!/bin/sh
# Runs every test project, the boot tests last, and ends with the line "N passed, N failed". Exit status 0: all passed.
set -u
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
results=$root/out/test
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
rm -rf "$results"
mkdir -p "$results"

projects=$(grep -l 'Microsoft.NET.Test.Sdk' "$root"/tests/*/*.csproj 2>/dev/null |
    awk '/\/Boot\// { last = last $0 "\n"; next } { print } END { printf "%s", last }')

# What takes long and is tried in short elsewhere belongs to `make soak` and `make processors`; HVK_LONG=1 runs it here too.
shorter='--filter Run!=long'
[ -z "${HVK_LONG:-}" ] || shorter=

passed=0 failed=0
for project in $projects; do
    name=$(basename "$project" .csproj)
    # A hang must not outlive the run; the longest suite takes minutes.
    # shellcheck disable=SC2086
    timeout --kill-after=10 3000 dotnet test "$project" $shorter -c Release -m:1 -nodeReuse:false \
        --logger "console;verbosity=minimal" --logger "trx;LogFileName=$name.trx" --results-directory "$results"
    status=$?
    counters=$(grep -o '<Counters [^>]*>' "$results/$name.trx" 2>/dev/null)
    count() { printf '%s' "$counters" | sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p"; }
    good=$(count passed)
    bad=$(($(count failed) + $(count error) + $(count timeout) + $(count aborted)))
    # A project that did not build, or a runner that died, has no counters, or none that failed.
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        echo "$name: dotnet test ended with status $status" >&2
        bad=1
    fi
    passed=$((passed + ${good:-0}))
    failed=$((failed + bad))
done
[ -n "$projects" ] || { echo "no test project in tests/" >&2; failed=1; }

echo "$passed passed, $failed failed" | tee "$results/summary"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
