#!/bin/sh
# Runs the fuzzers (docs/testing.md, "Fuzzing"), each in a process of its own; one line for each. Exit status 0: nothing failed.
#   HVK_FUZZ_CASES    cases of each fuzzer of pure logic (default 1000000)
#   HVK_FUZZ_SEED     what they are made of (default 0x48564b)
#   HVK_FUZZ_ONLY     one fuzzer, by its name; "boot" for blobs and requests on a booted machine, "host" for all others
#   HVK_FUZZ_CASE     one case of it
#   HVK_FUZZ_BLOBS    random blobs run by it (default 10000; 0: no boot)
#   HVK_FUZZ_REQUESTS random requests to it, of two kinds (default 10000 each)
set -u
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root" || exit 1
only=${HVK_FUZZ_ONLY:-}
[ "$only" != host ] || export HVK_FUZZ_ONLY=
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

programs=
for project in tests/Fuzz/Kernel tests/Fuzz/Console; do
    dotnet build "$project" -c Release -v quiet -nodeReuse:false || exit 1
    programs="$programs $(echo "$project"/bin/Release/net*/*.Fuzz)"
done

# The fuzzers must see what they look for: a case that reads one byte too many, and one that is wrong.
kernel=${programs#* }; kernel=${kernel%% *}
if [ "$only" != boot ]; then
    for known in '1 the process died' '2 wrong on purpose'; do
        seen=$(HVK_FUZZ_ONLY=self-check HVK_FUZZ_SEED= HVK_FUZZ_CASE=${known%% *} "$kernel") &&
            { echo "self-check: case ${known%% *} did not fail" >&2; exit 1; }
        case $seen in *"${known#* }"*) ;; *) echo "self-check: expected '${known#* }', found: $seen" >&2; exit 1 ;; esac
    done
fi

failed=0 ran=0
if [ "$only" != boot ]; then
    for program in $programs; do
        if [ -n "${HVK_FUZZ_ONLY:-}" ] && [ "$only" != self-check ] && ! "$program" --list | grep -qx -- "$only"; then continue; fi
        [ "$only" != self-check ] || [ "$program" = "$kernel" ] || continue
        "$program" || failed=1
        ran=1
    done
fi
if [ -z "$only" ] || [ "$only" = boot ]; then
    # The machine's own serial line is what limits these: 115,200 baud in the guest's time.
    export HVK_FUZZ_BLOBS=${HVK_FUZZ_BLOBS:-10000} HVK_FUZZ_REQUESTS=${HVK_FUZZ_REQUESTS:-10000}
    if [ "$HVK_FUZZ_BLOBS" != 0 ]; then
        make image && dotnet test tests/Boot -c Release --filter 'FullyQualifiedName~CodeRandomTests.Random_blobs|FullyQualifiedName~RequestRandomTests' --logger 'console;verbosity=detailed' || failed=1
    fi
    ran=1
fi
[ $ran = 1 ] || { echo "HVK_FUZZ_ONLY: there is no fuzzer $only" >&2; exit 2; }
exit $failed
