#!/bin/bash
# An engine that behaves as the first line of its video says; see test_job_script.py. Its arguments are gait-pose's.
set -u
while [ $# -gt 0 ]; do
	case $1 in
	--input) input=$2 && shift 2 ;;
	--write_json) json=$2 && shift 2 ;;
	--write_video) overlay=$2 && shift 2 ;;
	--read_json) keys=$2 && shift 2 ;;
	--events) events=$2 && shift 2 ;;
	--view) view=$2 && shift 2 ;;
	--subject_hint) hint=$2 && shift 2 ;;
	--max_seconds) max_seconds=$2 && shift 2 ;;
	--model) model=$2 && shift 2 ;;
	--progress) progress=1 && shift ;;
	*) echo "unknown argument $1" && exit 64 ;;
	esac
done
: "${progress:?}"
read -r what value <"$input"
if [ -n "${keys:-}" ]; then # the second time, for the overlay: GAIT_TEST_OVERLAY says how it behaves
	[ -e "$keys/walk_000000000000_keypoints.json" ] && [ -s "$events" ] && [[ ${view:-} =~ ^(front|side)$ ]] || exit 66
	case ${GAIT_TEST_OVERLAY:-ok} in
	ok) echo "progress 50" && cp "$input" "$overlay" ;;
	hang) : >"$overlay" && sleep 3600 ;;
	fill) head -c 3000000 /dev/zero >"$overlay" || exit 73 ;;
	*) cp "$input" "$overlay.part" && exit "$GAIT_TEST_OVERLAY" ;;
	esac
	exit
fi
case $what in
walk)
	for percent in {0..100}; do echo "progress $percent"; done
	echo "hint ${hint:-none}, at most ${max_seconds:-any} s, model ${model:-any}, 98% sure" >&2
	printf '{"version":1.3,"people":[]}' >"$json/walk_000000000000_keypoints.json"
	;;
exit)
	echo "going with $value" >&2
	exit "$value"
	;;
hang) sleep 3600 ;;
deaf)
	trap '' TERM
	while :; do sleep 3600; done
	;;
fill) head -c 3000000 /dev/zero >"$json/walk_000000000000_keypoints.json" || exit 1 ;;
crash) kill -SEGV $$ ;;
killed) kill -KILL $$ ;; # as the kernel does where memory is short
leak)
	cat "$(dirname "$input")/../job.json" >&2
	echo "fetched https://store.invalid/front.mp4?expires=1&signature=s3cr3t-signature and Bearer abcdef.1234" >&2
	exit 70
	;;
flee)
	setsid sleep 3605 &
	printf '{}' >"$json/walk_000000000000_keypoints.json"
	;;
noise) # a line without an end, then an exit
	head -c 3000000 /dev/zero | tr '\0' 'n' >&2
	exit 70
	;;
*) exit 99 ;;
esac
