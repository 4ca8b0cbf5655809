# shellcheck shell=bash
# What the verbs of gait-cluster share: settings, an attempt's folder and its lock, calls of the scheduler.
# Programs are started sparingly: each costs about as much as all the rest of a call.

HOME=${HOME:-/nonexistent}
attempt=''
dir=''
id=''
out=''
rc=0

# A number from 1, of at most so many digits.
number_is() { [[ ${#1} -le $2 && $1 = [1-9]* && $1 != *[!0-9]* ]]; } # TEXT DIGITS

# --- settings ----------------------------------------------------------------------------------------------

# Sets ROOT, SCHEDULER, BIN, TIMEOUT_S, KEEP_DAYS and job_settings, the NAME=value words for the job's environment.
settings() {
	local file=${config:-$HOME/.config/gaitd/cluster.conf} line name value number=0
	ROOT=$HOME/gaitd
	SCHEDULER=''
	BIN=''
	TIMEOUT_S=30
	KEEP_DAYS=14
	job_settings=()
	if [ -e "$file" ] || [ -n "$config" ]; then
		[ -r "$file" ] || die 78 "$file cannot be read"
		while IFS= read -r line || [ -n "$line" ]; do
			number=$((number + 1))
			case ${line#"${line%%[![:space:]]*}"} in '' | '#'*) continue ;; esac
			name=${line%%=*}
			value=${line#*=}
			[[ $line = [A-Z]*=* && $name != *[!A-Z0-9_]* && $value != *[!A-Za-z0-9_.,:/=@+~-]* ]] ||
				die 78 "$file, line $number: NAME=value is wanted, without blanks or quotes"
			value=${value/#\~\//$HOME/}
			case $name in
			ROOT | SCHEDULER | BIN | TIMEOUT_S | KEEP_DAYS) printf -v "$name" '%s' "$value" ;;
			GAIT_ATTEMPT_DIR | GAIT_PBS_DIR | GAIT_CLUSTER_*) die 78 "$file, line $number: $name is not for this file" ;;
			GAIT_*) job_settings+=("$name=$value") ;;
			*) die 78 "$file, line $number: there is no setting $name" ;;
			esac
		done <"$file"
	fi
	# Slurm's qsub shows its words to a shell; the path of a log is one of them.
	[[ $ROOT = /?* && $ROOT != *[!A-Za-z0-9_./=-]* ]] || die 78 "ROOT '$ROOT' must be absolute, of letters, digits and ._/=-"
	number_is "$TIMEOUT_S" 3 || die 78 'TIMEOUT_S must be from 1 to 999'
	number_is "$KEEP_DAYS" 3 || die 78 'KEEP_DAYS must be from 1 to 999'
	case $SCHEDULER in '' | openpbs | slurm) ;; *) die 78 'SCHEDULER must be openpbs or slurm' ;; esac
}

scheduler_find() {
	if [ -z "$BIN" ]; then
		hash qsub 2>/dev/null || die 78 'qsub is not in PATH: set BIN'
		BIN=${BASH_CMDS[qsub]%/*}
	fi
	[ -x "$BIN/qsub" ] || die 78 "there is no qsub in $BIN"
	[ -z "$SCHEDULER" ] || return 0
	# Slurm's qsub is a wrapper that stands beside sbatch.
	if [ -x "$BIN/sbatch" ]; then SCHEDULER=slurm; else SCHEDULER=openpbs; fi
}

# --- the disk ----------------------------------------------------------------------------------------------

no_room() { # FOLDER: is it full, or the quota used up?
	local text
	text=$( (printf '%4096s' '' >"$1/.room.$$" && rm -f -- "$1/.room.$$") 2>&1)
	rm -f -- "$1/.room.$$"
	room_text "$text"
}

room_text() { # TEXT of a failed program
	case $1 in *'No space left'* | *'quota exceeded'* | *'Quota exceeded'*) ;; *) return 1 ;; esac
}

disk_die() { # WHAT: after a failed write
	local at=$ROOT
	[ ! -d "${dir:-}" ] || at=$dir
	! no_room "$at" || die 73 "$1: no room on the disk, or the quota is full"
	die 74 "$1 failed"
}

root_make() {
	[ -d "$ROOT" ] || mkdir -p -- "$ROOT" 2>/dev/null || disk_die "making $ROOT"
	[ -O "$ROOT" ] || die 78 "$ROOT belongs to another account"
}

# --- attempts ----------------------------------------------------------------------------------------------

name_is() { [[ $1 && ${#1} -le 47 && $1 != *[!a-z0-9-]* ]]; }

# Sets attempt and dir.
attempt_is() { # ATTEMPT
	name_is "$1" || die 64 'an attempt is called [a-z0-9-], 1 to 47 characters'
	attempt=$1
	dir=$ROOT/$1
}

# Takes the attempt's lock until this process and the scheduler's command that it started have ended: who is killed
# in the middle of a submission leaves the lock to the qsub that still speaks with the server.
attempt_lock() { # [--shared]
	exec 9>>"$dir/lock" || disk_die "the lock of $attempt"
	flock "${1:---exclusive}" -w 10 9 || die 75 "another call works on $attempt"
	# forget was faster
	[ "$dir/lock" -ef /proc/self/fd/9 ] || die 75 "$attempt was being forgotten"
}

id_is() { [[ $1 && ${#1} -le 95 && $1 != *[!A-Za-z0-9_.:-]* ]]; }

# The scheduler's id into the variable id; '' where qsub has not answered (yet).
id_read() { # FOLDER
	id=''
	[ ! -s "$1/id" ] || IFS= read -r id <"$1/id"
	id_is "$id" || id=''
}

# --- the scheduler -----------------------------------------------------------------------------------------

# Runs one of its commands, bounded, since a hung server hangs qstat for ever. Sets out and rc (124, 137: no answer in
# time). Its stderr comes too where ALL is set.
call() { # COMMAND ARGUMENTS...
	local tool=$1
	shift
	if [ -n "${ALL:-}" ]; then
		out=$(exec timeout -k 5 "$TIMEOUT_S" "$BIN/$tool" "$@" 2>&1 </dev/null)
	else
		out=$(exec timeout -k 5 "$TIMEOUT_S" "$BIN/$tool" "$@" 2>/dev/null </dev/null)
	fi
	rc=$?
}

# The id of the job of this name, also of one that has ended, into id. Return 0 also where the scheduler is sure that
# there is none; 1 where it could not tell.
id_look_up() { # NAME
	local user
	id=''
	# This account's alone: names of jobs are seen by everybody, and anybody may give his own the same.
	user=$(id -un) || return 1
	if [ "$SCHEDULER" = slurm ]; then
		call squeue -h -t all -o %A -u "$user" -n "$1"
	else
		call qselect -x -u "$user" -N "$1"
		# Without a job history it refuses -x.
		case $rc in 0 | 124 | 137) ;; *) call qselect -u "$user" -N "$1" ;; esac
	fi
	[ "$rc" -eq 0 ] || return 1
	id=${out%%$'\n'*}
	[ -z "$id" ] || id_is "$id"
}

# Whether a job is still queued or running. Return 0 it is, 1 it is not, 2 the scheduler could not tell.
job_lives() { # ID
	if [ "$SCHEDULER" = slurm ]; then
		ALL=1 call squeue -h -o %T -j "$1"
		case $rc:$out in
		0:) return 1 ;;
		0:*) return 0 ;;
		*'Invalid job id'*) return 1 ;;
		esac
		return 2
	fi
	ALL=1 call qstat "$1"
	case $rc in
	0) return 0 ;;
	153 | 35) return 1 ;;
	esac
	return 2
}
