# shellcheck shell=bash disable=SC2154 # what gait-cluster and cluster-common.sh set
# gait-cluster status, cancel, log: what becomes of attempts. Nothing here is judged, only passed on: what a state
# means is gaitd's to say.

# The id of one attempt is added to ids.
status_id() { # FOLDER
	[ -d "$1" ] && name_is "${1##*/}" || return 0
	id_read "$1"
	[ -z "$id" ] || [[ $id = g-* ]] || ids+=("$id")
}

# The lines of one attempt.
status_one() { # FOLDER
	local name=${1##*/} text line
	[ -d "$1" ] && name_is "$name" || return 0
	id_read "$1"
	printf 'attempt %s %s\n' "$name" "${id:--}"
	# read ends at a null byte or at the end of the file, whichever is first, so the text may be of several lines.
	if [ -s "$1/status.json" ]; then
		IFS= read -r -d '' -n 8192 text <"$1/status.json" || true
		printf 'outcome %s %s\n' "$name" "${text//[$'\n\r']/}"
	fi
	[ -s "$1/job.json" ] && IFS= read -r line <"$1/job.json" || return 0
	[[ $line = *'"relay":true'* ]] || return 0
	if [ -s "$1/run" ] && IFS= read -r line <"$1/run" && id_is "$line" && [ ${#line} -le 64 ]; then
		printf 'run %s %s\n' "$name" "$line"
	fi
	if [ -s "$1/progress" ] && IFS= read -r line <"$1/progress" && [[ $line =~ ^[a-z_]{1,23}\ [0-9]{1,3}$ ]]; then
		printf 'progress %s %s\n' "$name" "$line"
	fi
}

block() { # KIND: the last call's words
	[ -z "$out" ] || out+=$'\n'
	blocks+="scheduler $1 $rc ${#out}"$'\n'$out
}

status_openpbs() {
	# 153: some of them are unknown, the others are told all the same.
	call qstat -x -f -F json "${ids[@]}"
	case $rc in 0 | 153) block openpbs-json && return ;; 124 | 137) block openpbs-json && return ;; esac
	# No job history (-x is refused), or a release without JSON.
	call qstat -f -F json "${ids[@]}"
	case $rc:$out in 0:* | 153:* | 35:*) block openpbs-json && return ;; 124:* | 137:*) block openpbs-json && return ;; esac
	call qstat -x -f "${ids[@]}"
	[ "$rc" -eq 0 ] || [ "$rc" -eq 153 ] || call qstat -f "${ids[@]}"
	block qstat-f
}

status_slurm() {
	local line text IFS=$' \t\n'
	if [ -x "$BIN/scontrol" ]; then
		# Asked for ours alone: in a list of all jobs, the name of a stranger's may hold lines that look like ours.
		text=$(printf 'show job %s\n' "${ids[@]}" | timeout -k 5 "$TIMEOUT_S" "$BIN/scontrol" -o 2>&1)
		rc=$?
		# It fails for one that it has forgotten, too.
		[ "$rc" -ne 1 ] || rc=0
		out=''
		set -f
		IFS=$'\n'
		for line in $text; do
			line=${line#scontrol: }
			case $line in
			JobId=*) out+=${out:+$'\n'}$line ;;
			*'Invalid job id'*) ;;
			*error:*) [ "$rc" -ne 0 ] || rc=1 ;;
			esac
		done
		set +f
		IFS=$' \t\n'
		block scontrol
		[ "$rc" -ne 0 ] || return 0
	fi
	case ${rc:-0} in 124 | 137) return 0 ;; esac
	call qstat -f "${ids[@]}"
	block slurm-qstat
}

# The scheduler is asked before the folders are read: an attempt that ends meanwhile is then seen with its outcome, or as
# one that still runs, never as one that ended without a word.
status() {
	local folder
	ids=()
	blocks=''
	root_make
	shopt -s nullglob
	for folder in "$ROOT"/*; do status_id "$folder"; done
	[ ${#ids[@]} -eq 0 ] || "status_$SCHEDULER"
	printf 'gait-cluster %d %s\n' "$PROTOCOL" "$SCHEDULER"
	for folder in "$ROOT"/*; do status_one "$folder"; done
	printf '%send\n' "$blocks"
}

cancel() { # ATTEMPT
	attempt_is "$1"
	[ -d "$dir" ] || return 0
	attempt_lock
	: 2>/dev/null >"$dir/cancel" || disk_die 'writing the wish to cancel'
	id_read "$dir"
	if [ -z "$id" ] && [ -e "$dir/submitting" ]; then
		id_look_up "g-$attempt" || die 69 "whether $attempt was submitted cannot be told now (code $rc)"
	fi
	case $id in '' | g-*) return 0 ;; esac
	ALL=1 call qdel "$id"
	case $SCHEDULER:$rc in
	*:0) return 0 ;;
	openpbs:153 | openpbs:35) return 0 ;; # unknown, or ended
	*:124 | *:137) die 69 "qdel did not answer within $TIMEOUT_S s" ;;
	slurm:1) # it says the same of jobs that ended, of unknown ones, and of a controller that is away
		job_lives "$id"
		case $?:$out in 1:* | 0:COMPLETING*) return 0 ;; esac
		rc=1
		;;
	esac
	die 69 "qdel ended with $rc: ${out//$'\n'/ }"
}

log() { # ATTEMPT BYTES
	attempt_is "$1"
	number_is "$2" 7 || die 64 'log: from 1 to 9999999 bytes'
	[ -s "$dir/log" ] || return 0
	tail -c "$2" -- "$dir/log" || die 74 'reading the log failed'
}
