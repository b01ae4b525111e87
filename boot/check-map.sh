#!/bin/sh
# Fails the build where the image contains what must not run in VMX root: allocation, exceptions, casts, class constructors, thread statics.
# usage: check-map.sh MAPFILE
set -eu
map=${1:?usage: check-map.sh MAPFILE}
[ -s "$map" ] || { echo "check-map: $map: no such map" >&2; exit 1; }
forbidden='RhpNew|RhNew|RhpAssignRef|RhpCheckedAssignRef|RhpByRefAssign|RhpThrow|RhpRethrow|RhpInitialDynamicInterfaceDispatch|RhpPInvoke|RhpReversePInvoke|RhpGcPoll|RhpStackProbe|RhBox|TypeCast|ClassConstructorRunner|ThreadStatic|GetGCStaticBase|__GCSTATICS|__NONGCSTATICS'
if found=$(grep -oE "[^ ]*($forbidden)[^ ]*" "$map" | sort -u | head -20) && [ -n "$found" ]; then
    echo "$map: the image must not contain these symbols (allocation, exceptions, mutable statics, runtime calls):" >&2
    echo "$found" >&2
    exit 1
fi
