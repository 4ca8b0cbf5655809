#!/bin/bash
# The job of the cluster contract suite: does what the last segment of its callback URL says.
# It is started like the real one: bash cluster_job.sh DIR. GAIT_TEST_DIR is where it leaves traces.
set -u
dir=$1
attempt=${dir##*/}
url=$(sed -n 's/.*"callback_url":"\([^"]*\)".*/\1/p' "$dir/job.json")
printf '%s\n' "$attempt" >>"$GAIT_TEST_DIR/runs"

say() { # EXIT_CODE SHA256 ERROR_JSON
	printf '{"attempt":"%s","exit_code":%d,"result_sha256":%s,"error":%s}\n' "$attempt" "$1" "$2" "$3" >"$dir/status.json.tmp"
	mv "$dir/status.json.tmp" "$dir/status.json"
}
# A fifo that the test opens: both know at once when the other is there.
meet() { : <"$GAIT_TEST_DIR/$attempt.$1"; }

case ${url##*/} in
ok)
	echo "hello from $attempt"
	echo "a word on stderr" >&2
	say 0 "\"$(printf '%064d' 7)\"" null
	;;
error)
	say 1 null '{"kind":"no_person","text":"No person was found in the front video."}'
	exit 1
	;;
silent) exit 3 ;;
quiet) exit 0 ;;
die) kill -SEGV $$ ;;
garbage) echo 'not json' >"$dir/status.json" ;;
meet)
	meet go
	say 0 null null
	;;
hang)
	echo "hanging"
	sleep 3600 &
	wait
	;;
term) # ends politely
	trap 'say 1 null "{\"kind\":\"walltime\",\"text\":\"its own words\"}"; exit 1' TERM
	echo ready
	sleep 3600 &
	wait
	;;
deaf)
	trap '' TERM
	while :; do sleep 3600; done
	;;
flood)
	echo "the very first line"
	head -c 20000000 /dev/zero | tr '\0' 'x' | fold -w 100
	echo "the very last line"
	say 0 null null
	;;
orphan) # two that flee: into a process group and into a session of their own
	setsid sleep 3601 &
	echo $! >"$GAIT_TEST_DIR/$attempt.pids"
	(setsid bash -c 'echo $$; exec sleep 3602' >>"$GAIT_TEST_DIR/$attempt.pids" &)
	until [ "$(wc -l <"$GAIT_TEST_DIR/$attempt.pids")" = 2 ]; do :; done
	say 0 null null
	;;
relay) # as on a node without a way out
	[ -s "$dir/in/order.json" ] || exit 98
	echo run-relay-0001 >"$dir/run"
	echo 'pose_front 40' >"$dir/progress"
	meet go
	mkdir "$dir/out"
	cp "$dir/in/front.mp4" "$dir/out/copy.mp4"
	say 0 "\"$(sha256sum <"$dir/out/copy.mp4" | cut -c 1-64)\"" null
	;;
secrets) # whatever others could see of us
	tr '\0' '\n' <"/proc/$$/environ"
	tr '\0' '\n' <"/proc/$PPID/environ"
	tr '\0' '\n' <"/proc/$$/cmdline"
	tr '\0' '\n' <"/proc/$PPID/cmdline"
	ls -ld "$dir" "$dir/job.json"
	say 0 null null
	;;
*) exit 99 ;;
esac
