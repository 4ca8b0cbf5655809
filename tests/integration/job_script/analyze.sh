#!/bin/bash
# An analysis that behaves as GAIT_TEST_ANALYZE says, and writes down how it was called.
set -u
arguments=$(printf '%s\n' "$@" | jq -R . | jq -s .)
while [ $# -gt 1 ]; do
	[ "$1" != --out ] || out=$2
	shift
done
case ${GAIT_TEST_ANALYZE:-ok} in
ok) jq -n --argjson a "$arguments" --argjson s "${GAIT_TEST_SCORE:-0.75}" '{score: {value: $s}, arguments: $a}' >"$out" ;;
garbage) echo 'not json' >"$out" ;;
hang) sleep 3600 ;;
*) exit "$GAIT_TEST_ANALYZE" ;;
esac
