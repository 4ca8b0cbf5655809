# shellcheck shell=bash
# What the job script stands on: its log, time limits that a signal can interrupt, requests to gaitd and to the
# store, the last word. Sourced by gait-job.pbs, which sets dir (the attempt's folder) and work (0700).
#
# Secrets (the attempt's token, the signatures in URLs) stand in files of mode 0600 only: never in an argument
# list, never in the environment, never in a log.

# A variable that came in with the environment would go out with it again.
unset token callback_url
dir=${dir:-}
child=''  # what limited() waits for
reader='' # the process group that follows an engine's output
http_code=''
run_id=''
attempt=''
token=''
callback_url=''
job_id=''
checked_in=''
relay=''
step=preparation
finished=''

# --- log ---------------------------------------------------------------------------------------------------

say() {
	printf '%(%H:%M:%S)T %s\n' -1 "$*" >&2
	[ -z "${work:-}" ] || printf '%s\n' "$*" >>"$work/log" 2>/dev/null
}

# Makes the rules once the token is known. A URL keeps its path and loses its query: that is where signatures are.
redact_init() {
	{
		printf 's/%s/(token)/g\n' "${token//[^A-Za-z0-9_-]/.}"
		# No here-document: older releases of bash want room in TMPDIR for one.
		printf '%s\n' 's#(https?://[^[:space:]?"]*)\?[^[:space:]"]*#\1?(signed)#g' \
			's/([Bb]earer )[A-Za-z0-9._~+\/=-]+/\1(token)/g' \
			's/([&?](signature|sig|X-Amz-[A-Za-z-]+)=)[^&[:space:]"]+/\1(signed)/g'
	} >"$work/redact.sed"
}

# Lines of any length, as they come.
redact() { stdbuf -oL fold -b -w 4096 | stdbuf -oL sed -E -f "$work/redact.sed"; }

say_file() { # FILE: what a program left on its stderr, cut
	[ -s "$1" ] || return 0
	local line
	while IFS= read -r line; do say "  $line"; done < <(tail -c 2000 "$1" | redact)
}

# --- time --------------------------------------------------------------------------------------------------

now() { printf '%(%s)T' -1; }

# Seconds that a step may take: its own limit, or what is left until the work order's deadline.
within() { # SECONDS
	local left=$1
	[ -z "${deadline:-}" ] || [ $((deadline - $(now))) -ge "$left" ] || left=$((deadline - $(now)))
	printf '%d' $((left > 1 ? left : 1))
}

# Runs a command for at most SECONDS. In the background, since bash handles a signal only between commands and
# during `wait`: so TERM ends it at once.
limited() { # SECONDS COMMAND...
	local limit=$1 status
	shift
	timeout -k 10 "$limit" "$@" &
	child=$!
	wait "$child"
	status=$?
	child=''
	return "$status"
}

pause() { limited $(($1 + 5)) sleep "$1"; }

disk_is_full() { # or a file has grown to its limit
	local free_kb
	[ -z "$(find "$work" -type f -size "+$((MAX_FILE_MB * 1024 - 1))k" 2>/dev/null)" ] || return 0
	free_kb=$(df -P -k "$work" 2>/dev/null | awk 'NR == 2 { print $4 }')
	[ "${free_kb:-0}" -lt 1024 ]
}

# --- requests ----------------------------------------------------------------------------------------------

# One line of a curl configuration file.
option() { # NAME VALUE
	local value=${2//\\/\\\\}
	value=${value//\"/\\\"}
	printf '%s = "%s"\n' "$1" "${value//[$'\r\n']/}"
}

# Begins FILE, the description of a request; what it holds is read by curl from there and from nowhere else.
describe() { # FILE URL SECONDS
	case $2 in
	http://* | https://*) ;;
	*) return 1 ;;
	esac
	{
		option url "$2"
		option max-time "$3"
		option connect-timeout 15
		option speed-limit 100
		option speed-time 60
		option proto '=http,https'
		option write-out '%{http_code}'
		option header 'Expect:'
		printf 'silent\nshow-error\n'
	} >"$1"
}

authorize() { # FILE
	option header "Authorization: Bearer $token" >>"$1"
}

# Sends what FILE describes until there is an answer that repeating cannot change, with growing pauses.
# Sets http_code. Return 0 for 2xx; 1 refused; 2 no usable answer in time; 3 nowhere to write it.
request() { # FILE OUTPUT SECONDS_A_TRY SECONDS_IN_ALL
	local end=$((SECONDS + $4)) wait_s=1 status
	while :; do
		limited "$3" curl -q --config "$1" --output "$2" >"$work/http_code" 2>"$work/curl.err"
		status=$?
		http_code=$(<"$work/http_code")
		if [ "$status" -eq 0 ]; then
			case $http_code in
			2??) return 0 ;;
			408 | 425 | 429 | 5??) ;;
			*) return 1 ;;
			esac
		elif [ "$status" -eq 23 ] && disk_is_full; then
			return 3
		elif [ "$status" -eq 63 ]; then
			return 1
		fi
		[ $((SECONDS + wait_s)) -lt "$end" ] || return 2
		say "no answer that helps (curl $status, HTTP ${http_code:-none}), again in $wait_s s"
		say_file "$work/curl.err"
		pause "$wait_s"
		wait_s=$((wait_s < 16 ? wait_s * 2 : 30))
	done
}

# --- talking to gaitd --------------------------------------------------------------------------------------

# Return as request(); the work order is in $work/order.json.
checkin() {
	local file=$work/request.curl
	[ -z "$relay" ] || { relay_checkin; return; }
	describe "$file" "$callback_url/attempts/$attempt/checkin" 30 || return 1
	authorize "$file"
	option header 'Content-Type: application/json' >>"$file"
	printf '{"run_id":"%s"}' "$run_id" >"$work/body.json"
	option data-binary "@$work/body.json" >>"$file"
	request "$file" "$work/order.json" 35 "$CHECKIN_S"
}

# Tells how far it is; lost ones do no harm. Return 1 where gaitd says that this run no longer counts.
heartbeat() { # STEP PERCENT
	local file=$work/beat.curl code
	[ -z "$relay" ] || { relay_heartbeat "$@"; return; }
	describe "$file" "$callback_url/attempts/$attempt/heartbeat" 5 || return 0
	authorize "$file"
	option header 'Content-Type: application/json' >>"$file"
	option data "{\"run_id\":\"$run_id\",\"step\":\"$1\",\"percent\":$2}" >>"$file"
	limited 7 curl -q --config "$file" --output /dev/null >"$work/beat.code" 2>/dev/null
	code=$(<"$work/beat.code")
	[ "$code" != 409 ] && [ "$code" != 410 ]
}

# Return as request(). SECONDS_IN_ALL bounds the repeats; posting twice is harmless.
complete() { # complete|error SECONDS_A_TRY SECONDS_IN_ALL
	local file=$work/request.curl
	[ -z "$relay" ] || return 0 # status.json is the word
	describe "$file" "$callback_url/completion" "$2" || return 1
	authorize "$file"
	{
		option form-string "job_id=$job_id"
		option form-string "attempt=$attempt"
		option form-string "run_id=$run_id"
		option form-string "status=$1"
	} >>"$file"
	if [ "$1" = complete ]; then
		[ -z "$score" ] || option form-string "score=$score" >>"$file"
		option form "result=@\"$work/result.json\";type=application/json;filename=\"result.json\"" >>"$file"
	else
		option form "error=<$work/error.json" >>"$file"
	fi
	request "$file" "$work/answer" $(($2 + 5)) "$3"
}

# --- the last word -----------------------------------------------------------------------------------------

# Whole or not at all. Only the run that came first in this folder speaks (see own_folder).
write_status() { # EXIT_CODE SHA256 (or '') [KIND TEXT]
	local file=$dir/status.json.$run_id
	[ -n "${own:-}" ] || return 0
	if command -v jq >/dev/null; then
		jq -nc --arg attempt "$attempt" --arg run "$run_id" --argjson code "$1" --arg sha "$2" \
			--arg kind "${3:-}" --arg text "${4:-}" \
			'{attempt: $attempt, run_id: $run, exit_code: $code,
			result_sha256: (if $sha == "" then null else $sha end),
			error: (if $kind == "" then null else {kind: $kind, text: $text} end)}' >"$file"
	else
		printf '{"attempt":"%s","exit_code":%d,"result_sha256":null,"error":{"kind":"%s","text":"%s"}}\n' \
			"$attempt" "$1" "${3:-internal}" "${4:-}" >"$file"
	fi && sync "$file" && mv -f "$file" "$dir/status.json"
}

# A scheduler may run a script twice in one folder (a node that came back): the first one owns it.
own_folder() {
	if (set -o noclobber && printf '%s\n' "$run_id" >"$dir/run") 2>/dev/null; then own=1; else own=''; fi
}

# Ends what runs, soon: who does not listen to TERM is killed a second later, with its process group (timeout(1)
# makes one), so that there is time left for a report.
stop_children() {
	local tries=0
	if [ -n "$child" ]; then
		kill -TERM "$child" 2>/dev/null
		while [ "$tries" -lt 10 ] && kill -0 "$child" 2>/dev/null; do
			sleep 0.1
			tries=$((tries + 1))
		done
		kill -KILL -- "-$child" 2>/dev/null
		wait "$child" 2>/dev/null
		child=''
	fi
	stop_reader 5
	engine_stop
}

# The reader ends with the last writer; one that fled from its process group must not hold us up.
stop_reader() { # TENTHS_OF_A_SECOND
	local tries=0
	[ -n "$reader" ] || return 0
	while [ "$tries" -lt "$1" ] && kill -0 -- "-$reader" 2>/dev/null; do
		sleep 0.1
		tries=$((tries + 1))
	done
	kill -KILL -- "-$reader" 2>/dev/null
	reader=''
	cat "$work/tail" >>"$work/log"
}

# Tells everyone who should know that the job failed. TEXT is for the person who sent the videos.
report_failure() { # KIND TEXT
	[ -z "$finished" ] || return 0
	finished=1
	trap '' TERM INT HUP
	stop_children
	# Where the disk is full, this makes room for the words below.
	[ -z "$work" ] || rm -rf -- "$work"/front "$work"/side "$work"/*.mp4 "$work"/*.gz
	say "error: $1 ($step): $2"
	write_status 1 '' "$1" "$2" || say 'status.json cannot be written'
	[ -n "$checked_in" ] || return 0
	tail -c 4000 "$work/log" 2>/dev/null | redact >"$work/tail"
	jq -n --arg kind "$1" --arg text "$2" --rawfile log "$work/tail" \
		'{kind: $kind, text: $text, log: $log}' >"$work/error.json"
	case $1 in
	# Little time is left: the next thing that comes is KILL.
	walltime | cancelled | killed) complete error 3 6 ;;
	*) complete error 30 "$COMPLETION_S" ;;
	esac || say "gaitd did not take the report (HTTP ${http_code:-none})"
}

fail() { # KIND TEXT
	report_failure "$1" "$2"
	exit 1
}

# This run does not count (any more): nobody waits for it, so it says nothing.
superseded() {
	finished=1
	trap '' TERM INT HUP
	stop_children
	say "superseded: $1"
	[ -e "$dir/status.json" ] || write_status 0 '' superseded 'Another run of this analysis counts.'
	exit 0
}
