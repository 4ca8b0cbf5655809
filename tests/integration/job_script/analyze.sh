#!/bin/bash
# An analysis that behaves as GAIT_TEST_ANALYZE says, and writes down how it was called.
set -u
arguments=$(printf '%s\n' "$@" | jq -R . | jq -s .)
reports=()
while [ $# -gt 1 ]; do
	case $1 in
	--out) out=$2 ;;
	--csv | --trc | --mot | --svg-curves | --svg-events | --svg-table | --pdf) reports+=("${1#--}" "$2") ;;
	esac
	shift
done
case ${GAIT_TEST_ANALYZE:-ok} in
ok) jq -n --argjson a "$arguments" --argjson s "${GAIT_TEST_SCORE:-0.75}" '{score: {value: $s}, arguments: $a}' >"$out" ;;&
ok) # GAIT_TEST_REPORTS: none of them, or they are unknown to it
	case ${GAIT_TEST_REPORTS:-all}:${#reports[@]} in
	old:0 | none:*) ;;
	old:*) rm -f "$out" && echo "unknown option; --help shows them" >&2 && exit 64 ;;
	*) for ((i = 0; i < ${#reports[@]}; i += 2)); do printf '%s of it\n' "${reports[i]}" >"${reports[i + 1]}"; done ;;
	esac
	;;
garbage) echo 'not json' >"$out" ;;
hang) sleep 3600 ;;
*) exit "$GAIT_TEST_ANALYZE" ;;
esac
