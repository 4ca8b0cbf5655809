# shellcheck shell=bash disable=SC2154 # what gait-cluster and cluster-common.sh set
# gait-cluster submit: hands an attempt to the scheduler, once, however often and in whatever state it is asked to.

# --- what came ---------------------------------------------------------------------------------------------

declare -gA field=([token]='' [callback_url]='')
qsub_words=()

# One flat object in one line, as gaitd writes it, without escapes and without blanks outside of strings: field[NAME]=TEXT, and
# the list qsub_words. By hand, since a start of jq takes longer than all the rest. Return 1 where it is anything else.
json_read() { # LINE
	local IFS='"' pieces name after i=1
	[[ $1 = '{"'*'}' && $1 != *\\* ]] || return 1
	# Apart at the quotes: what stood between two has an odd number.
	set -f
	# shellcheck disable=SC2206 # that is what is wanted
	pieces=($1)
	set +f
	while [ "$i" -lt ${#pieces[@]} ]; do
		name=${pieces[i]}
		after=${pieces[i + 1]:-}
		i=$((i + 2))
		[[ $name && $name != *[!a-z_]* ]] || return 1
		case $name$after in
		qsub:\[)
			while :; do
				qsub_words+=("${pieces[i]:-}")
				after=${pieces[i + 1]:-}
				i=$((i + 2))
				[ "$after" = , ] || break
			done
			[[ $after = ']'* ]] || return 1
			after=${after#]}
			;;
		qsub:\[\]?) after=${after#:[]} ;;
		*:)
			field[$name]=${pieces[i]:-}
			after=${pieces[i + 1]:-}
			i=$((i + 2))
			;;
		*:?*[,\}])
			after=${after#:}
			field[$name]=${after%?}
			case ${field[$name]} in
			true | false) ;;
			*[!0-9]*) return 1 ;;
			esac
			after=${after: -1}
			;;
		*) return 1 ;;
		esac
		case $after in
		,) ;;
		\}) break ;;
		*) return 1 ;;
		esac
	done
	[ "$after" = \} ] && [ "$i" -eq ${#pieces[@]} ]
}

request_read() {
	local line=''
	IFS= read -r -n 20000 line || [ -n "$line" ] || die 64 'no request came on standard input'
	json_read "$line" || die 64 'the request is not one line of JSON as the protocol has it'
	[ "${field[version]:-}" = "$PROTOCOL" ] || die 64 "version '${field[version]:-}' of the request is not $PROTOCOL"
}

# gaitd has built these words from its own settings; here they are judged by what a job of this service may ask for.
qsub_check() { # NAME OF THE JOB
	local i option value
	for ((i = 0; i < ${#qsub_words[@]}; i += 2)); do
		option=${qsub_words[i]}
		value=${qsub_words[i + 1]:-}
		[[ $value && ${#value} -le 400 && $value != *[!A-Za-z0-9_.:/=,+-]* ]] || die 64 "qsub $option: a value has characters that are not allowed"
		case $option in
		-N) [ "$value" = "$1" ] ;;
		-l | -q | -A | -P) [ "${value#-}" = "$value" ] ;;
		-p) [[ ${#value} -le 5 && ${value#-} && ${value#-} != *[!0-9]* ]] ;;
		-r) [[ $value = [yn] ]] ;;
		-j) [[ $value = oe || $value = eo || $value = n ]] ;;
		-m) [[ ${#value} -le 4 && $value != *[!abejn]* ]] ;;
		-W) [[ $value = umask=[0-7][0-7]* && ${#value} -le 10 && ${value#umask=} != *[!0-7]* ]] ;;
		*) die 64 "qsub $option is not allowed" ;;
		esac || die 64 "qsub $option $value is not allowed"
	done
}

url_is() { [[ $1 = http?(s)://?* && ${1#http*//} != *[!][A-Za-z0-9_.:/%~-]* ]]; }

submit_check() {
	request_read
	[ "${field[attempt]:-}" = "$attempt" ] || die 64 'the request is about another attempt'
	[[ ${#field[token]} -ge 8 && ${#field[token]} -le 200 && ${field[token]} != *[!A-Za-z0-9_.-]* ]] || die 64 'the token is malformed'
	{ [ "${#field[callback_url]}" -le 500 ] && url_is "${field[callback_url]}"; } || die 64 'the callback_url is malformed'
	number_is "${field[walltime_s]:-}" 8 || die 64 'walltime_s is malformed'
	case ${field[want_gpu]:-false} in true | false) ;; *) die 64 'want_gpu is malformed' ;; esac
	case ${field[relay]:-false} in true | false) ;; *) die 64 'relay is malformed' ;; esac
	qsub_check "g-$attempt"
}

# --- the job -----------------------------------------------------------------------------------------------

# The words for this scheduler: Slurm's wrapper heeds only the last of several -l.
qsub_for() { # FOLDER: sets qsub_line
	local i limits=''
	qsub_line=()
	for ((i = 0; i < ${#qsub_words[@]}; i += 2)); do
		case $SCHEDULER:${qsub_words[i]} in
		slurm:-l) limits+=${limits:+,}${qsub_words[i + 1]} ;;
		*:-j) ;;
		*) qsub_line+=("${qsub_words[i]}" "${qsub_words[i + 1]}") ;;
		esac
	done
	[ -z "$limits" ] || qsub_line+=(-l "$limits")
	# OpenPBS would deliver the output at the end, and complain where the folder is gone: the script writes it itself.
	case $SCHEDULER in
	slurm) qsub_line+=(-j oe -o "$1/log" "$1/job.sh") ;;
	*) qsub_line+=(-j oe -o /dev/null "$1/job.sh") ;;
	esac
}

# The script that the scheduler takes a copy of. It carries settings and paths, nothing secret.
job_script() { # FOLDER SCRIPT
	local word
	printf '#!/bin/bash\n#PBS -S /bin/bash\n'
	for word in "${job_settings[@]}"; do printf 'export %s=%q\n' "${word%%=*}" "${word#*=}"; done
	[ "$SCHEDULER" = slurm ] || printf 'exec >>%q 2>&1\n' "$1/log"
	# A qsub that was cut off may have left no id.
	# shellcheck disable=SC2016 # for the job to expand
	printf 'id=${PBS_JOBID:-${SLURM_JOB_ID:-}}\n[ -z "$id" ] || [ -s %q ] || printf "%%s\\n" "$id" >%q\n' "$1/id" "$1/id"
	printf 'exec /bin/bash %q %q\n' "$2" "$1"
}

# Each attempt runs the scripts that were there when it was submitted, also while newer ones are being installed, and
# from the file system that its node shares: a copy in ROOT, made once a version, never changed, common to all.

# The version that is installed now is found by the times of its files, as make and rsync find theirs: no program is
# started. Sets script_files and scripts; return 1 where there is no copy.
scripts_find() {
	local file
	script_files=("$here/gait-job.pbs")
	for file in "$here"/*.sh; do
		case $file in */cluster-*) ;; *) script_files+=("$file") ;; esac
	done
	for scripts in "$ROOT"/.pbs-*; do
		for file in "${script_files[@]}"; do
			[[ $file -nt $scripts/${file##*/} || $file -ot $scripts/${file##*/} ]] && continue 2
		done
		return 0
	done
	return 1
}

scripts_sum() { # FOLDER
	local sum
	sum=$(cat -- "${script_files[@]/#*\//$1/}" | sha256sum) && printf '%s' "${sum:0:16}"
}

# Sets scripts, the folder of this version's copy. It is called by its checksum, so that scripts that were only touched, or
# lie where times are coarse, are copied once all the same.
scripts_ready() {
	local part sum error
	! scripts_find || return 0
	sum=$(scripts_sum "$here") || die 78 "the scripts in $here cannot be read"
	scripts=$ROOT/.pbs-$sum
	if [ -d "$scripts" ]; then
		cp --attributes-only --preserve=timestamps -- "${script_files[@]}" "$scripts/" 2>/dev/null
		return 0
	fi
	part=$(mktemp -d "$ROOT/.gone.pbs.XXXXXX" 2>/dev/null) || disk_die 'copying the job script'
	error=$( (cp --preserve=timestamps -- "${script_files[@]}" "$part/" && sync -- "$part"/* "$part") 2>&1) || {
		rm -rf -- "$part"
		! room_text "$error" || die 73 'copying the job script: no room on the disk, or the quota is full'
		die 74 "copying the job script: ${error//$'\n'/ }"
	}
	if [ "$(scripts_sum "$part")" != "$sum" ]; then
		rm -rf -- "$part"
		die 75 "the scripts in $here are being replaced"
	fi
	fault submit.scripts
	mv -T -- "$part" "$scripts" 2>/dev/null && return 0
	rm -rf -- "$part"
	# Another call was faster.
	[ -d "$scripts" ] || disk_die 'copying the job script'
}

job_write() {
	printf '{"attempt":"%s","token":"%s","callback_url":"%s","walltime_s":%s,"want_gpu":%s,"relay":%s}\n' "$attempt" \
		"${field[token]}" "${field[callback_url]}" "${field[walltime_s]}" "${field[want_gpu]:-false}" \
		"${field[relay]:-false}" 2>/dev/null >"$dir/job.json" || disk_die 'writing job.json'
	fault submit.job_json
	scripts_ready
	job_script "$dir" "$scripts/gait-job.pbs" 2>/dev/null >"$dir/job.sh" || disk_die 'writing job.sh'
	fault submit.script
}

# Says what qsub's exit code and words mean. OpenPBS: its error number, modulo 256.
refused() { # CODE TEXT
	local text=${2//$'\n'/ }
	# What Slurm's wrapper says, without its own lines around sbatch's.
	text=${text#*"and the output was: '"}
	text=${text:0:400}
	case $1 in
	124 | 137) die 69 "qsub did not answer within $TIMEOUT_S s" ;;
	esac
	case $text in
	*'Unable to contact'* | *'Socket timed out'* | *'Zero Bytes'* | *'temporarily unable'* | *'onnection refused'* | \
		*'Server shutting down'* | *'cannot connect'*) die 69 "the scheduler cannot be reached: $text" ;;
	*[Ii]nvalid\ [Pp]artition* | *'Unknown queue'* | *'Invalid account'* | *'Invalid qos'* | *'Illegal attribute'* | \
		*'Unknown resource'* | *'node configuration is not available'* | *'time limit is invalid'* | \
		*'Invalid generic resource'* | *'generic resource (gres)'* | *'emory specification can not'* | *'CPU count'* | \
		*'More processors requested'* | *'Node count specification invalid'* | *'exceeds queue'* | *'Access/permission denied'* | \
		*'Unauthorized Request'* | *'Invalid wckey'* | *'nvalid project'*) die 65 "the scheduler refuses the job: $text" ;;
	esac
	case $SCHEDULER:$1 in
	openpbs:170 | openpbs:166 | openpbs:187) die 65 "the scheduler refuses the job: $text" ;;
	esac
	die 69 "qsub ended with $1: $text"
}

submit() { # ATTEMPT
	attempt_is "$1"
	submit_check
	root_make
	[ -d "$dir" ] || mkdir -p -- "$dir" 2>/dev/null || disk_die "making $dir"
	fault submit.folder
	attempt_lock
	id_read "$dir"
	if [ -z "$id" ] && [ -e "$dir/submitting" ]; then
		# An earlier call went as far as qsub, and nobody knows what came of it.
		id_look_up "g-$attempt" || die 69 "whether $attempt was submitted before cannot be told now (code $rc)"
		[ -n "$id" ] || [ ! -e "$dir/run" ] || id=g-$attempt
		[ -z "$id" ] || printf '%s\n' "$id" 2>/dev/null >"$dir/id" || disk_die 'writing the id'
	fi
	if [ -z "$id" ]; then
		job_write
		: 2>/dev/null >"$dir/submitting" || disk_die 'writing the marker'
		fault submit.marker
		cd "$HOME" 2>/dev/null || cd / || true
		unset "${!SSH_@}" # Slurm hands the environment on
		qsub_for "$dir"
		ALL=1 call qsub "${qsub_line[@]}"
		fault submit.qsub
		if [ "$rc" -ne 0 ]; then
			(refused "$rc" "$out")
			rc=$?
			# Refused for good: nothing of it is at the scheduler. Else the next call asks first.
			[ "$rc" -ne 65 ] || rm -rf -- "$dir/submitting" "$dir/job.json"
			exit "$rc"
		fi
		id=${out##*$'\n'}
		id_is "$id" || die 69 'qsub answered with something that is no id'
		printf '%s\n' "$id" 2>/dev/null >"$dir/id" || disk_die 'writing the id'
		fault submit.id
	fi
	printf '%s\n' "$id"
}
