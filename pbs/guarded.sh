# shellcheck shell=bash disable=SC2154,SC2034 # what gait-job.pbs and lib.sh set
# Runs gait-pose and gait-analyze, which read what strangers sent: bounded in time and in what they write, their output
# followed. Sourced by gait-job.pbs.

MAX_FILE_MB=${GAIT_MAX_FILE_MB:-4096}
MAX_LOG_BYTES=1000000 # of one program

# Splits an engine's output: the lines "progress PERCENT" to stdout, the rest to the log on descriptor 9. Its last lines
# stay in $work/tail. The tools do it, since bash reads a pipe byte by byte.
split() {
	{
		redact | stdbuf -oL sed -n -E -e '/^progress [0-9]{1,3}$/{p;d}' \
			-e 's/^/  /' -e 'w /dev/stderr' 2>&1 >&8 |
			awk -v max="$MAX_LOG_BYTES" -v tail="$work/tail" '
				(n += length($0) + 1) <= max { print; fflush() }
				{ last[NR % 20] = $0 }
				END { for (i = NR > 20 ? NR - 19 : 1; i <= NR; i++) print last[i % 20] >tail }' >&9
	} 8>&1
}

# Makes progress lines heartbeats; also speaks up now and then for an engine that is silent.
follow() { # STEP
	local line='' part percent=0 sent=-100 sent_at=$SECONDS last
	while :; do
		IFS= read -r -t 10 part
		last=$?
		line+=$part
		if [ "$last" -gt 128 ]; then
			heartbeat "$1" "$percent" || : >"$work/superseded"
			sent_at=$SECONDS
		elif [[ $line =~ ^progress\ ([0-9]{1,3})$ ]]; then
			percent=$((10#${BASH_REMATCH[1]} > 100 ? 100 : 10#${BASH_REMATCH[1]}))
			line=''
			if [ $((SECONDS - sent_at)) -ge 2 ] || [ $((percent - sent)) -ge 5 ]; then
				heartbeat "$1" "$percent" || : >"$work/superseded"
				sent=$percent
				sent_at=$SECONDS
			fi
		fi
		[ ! -e "$work/superseded" ] || kill -TERM $$
		[ "$last" -eq 0 ] || [ "$last" -gt 128 ] || break
	done
}

# Runs a program on hostile input: a time limit, a limit on the size of files, its output followed.
# Return its exit code; 124 at the time limit, 137 where it was killed before (it needed too much memory), 153 at the file
# limit.
guarded() { # STEP SECONDS COMMAND...
	local name=$1 limit=$2 status fifo=$work/output begun=$SECONDS
	shift 2
	rm -f "$fifo"
	mkfifo "$fifo" || return 70
	# Job control gives the pipe a process group of its own, so that it can be ended as a whole.
	set -m
	: >"$work/tail"
	# A scheduler sends TERM to every process of the job; the last lines are wanted all the same.
	{
		trap '' TERM INT HUP
		split <"$fifo" 9>&2 | follow "$name"
	} 7>&- &
	reader=$(jobs -p %%)
	set +m
	(
		ulimit -c 0
		ulimit -f $((MAX_FILE_MB * 1024))
		exec timeout -k 10 "$limit" "$@" >"$fifo" 2>&1 </dev/null 7>&-
	) &
	child=$!
	wait "$child"
	status=$?
	child=''
	# Ended by a TERM that this script gets too, if not in the same moment: its trap speaks, not this exit code.
	[ "$status" -ne 143 ] || pause 1
	# One that does not end at the limit is killed a little later.
	[ "$status" -ne 137 ] || [ $((SECONDS - begun)) -lt "$limit" ] || status=124
	stop_reader 30
	return "$status"
}
