# shellcheck shell=bash disable=SC2154 # what gait-cluster and cluster-common.sh set
# gait-cluster submit: hands an attempt to the scheduler, once, however often and in whatever state it is asked to.

# --- what came ---------------------------------------------------------------------------------------------

declare -gA field=([token]='' [callback_url]='')
qsub_words=()

# One flat object in one line, as gaitd writes it, without escapes: field[NAME]=TEXT, and the list qsub_words. By hand,
# since a start of jq takes longer than all the rest. Return 1 where it is anything else.
json_read() { # LINE
	local rest=$1 name
	[[ $rest =~ ^[[:space:]]*\{(.*)$ ]] || return 1
	rest=${BASH_REMATCH[1]}
	while :; do
		[[ $rest =~ ^[[:space:]]*\"([a-z_]+)\"[[:space:]]*:[[:space:]]*(.*)$ ]] || return 1
		name=${BASH_REMATCH[1]}
		rest=${BASH_REMATCH[2]}
		if [[ $rest =~ ^\"([^\"\\]*)\"(.*)$ ]] || [[ $rest =~ ^([0-9]+|true|false)(.*)$ ]]; then
			field[$name]=${BASH_REMATCH[1]}
			rest=${BASH_REMATCH[2]}
		elif [ "$name" = qsub ] && [[ $rest =~ ^\[(.*)$ ]]; then
			rest=${BASH_REMATCH[1]}
			while [[ $rest =~ ^[[:space:],]*\"([^\"\\]*)\"(.*)$ ]]; do
				qsub_words+=("${BASH_REMATCH[1]}")
				rest=${BASH_REMATCH[2]}
			done
			[[ $rest =~ ^[[:space:]]*\](.*)$ ]] || return 1
			rest=${BASH_REMATCH[1]}
		else
			return 1
		fi
		[[ $rest =~ ^[[:space:]]*([,}])(.*)$ ]] || return 1
		rest=${BASH_REMATCH[2]}
		[ "${BASH_REMATCH[1]}" = , ] || break
	done
	[[ $rest =~ ^[[:space:]]*$ ]]
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
		[[ ${#value} -le 400 && $value =~ ^[A-Za-z0-9_.:/=,+-]+$ ]] || die 64 "qsub $option: a value has characters that are not allowed"
		case $option in
		-N) [ "$value" = "$1" ] ;;
		-l | -q | -A | -P) [ "${value#-}" = "$value" ] ;;
		-p) [[ $value =~ ^-?[0-9]{1,4}$ ]] ;;
		-r) [[ $value =~ ^[yn]$ ]] ;;
		-j) [[ $value =~ ^(oe|eo|n)$ ]] ;;
		-m) [[ $value =~ ^[abejn]{1,4}$ ]] ;;
		-W) [[ $value =~ ^umask=[0-7]{2,4}$ ]] ;;
		*) die 64 "qsub $option is not allowed" ;;
		esac || die 64 "qsub $option $value is not allowed"
	done
}

submit_check() {
	request_read
	[ "${field[attempt]:-}" = "$attempt" ] || die 64 'the request is about another attempt'
	[[ ${#field[token]} -ge 8 && ${#field[token]} -le 200 && ${field[token]} =~ ^[A-Za-z0-9_.-]+$ ]] || die 64 'the token is malformed'
	[[ ${#field[callback_url]} -le 500 && ${field[callback_url]} =~ ^https?://[][A-Za-z0-9_.:/%~-]+$ ]] || die 64 'the callback_url is malformed'
	[[ ${field[walltime_s]:-} =~ ^[1-9][0-9]{0,7}$ ]] || die 64 'walltime_s is malformed'
	[[ ${field[want_gpu]:-false} =~ ^(true|false)$ ]] || die 64 'want_gpu is malformed'
	[[ ${field[relay]:-false} =~ ^(true|false)$ ]] || die 64 'relay is malformed'
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
# from the file system that its node shares.
job_write() {
	local file files=()
	printf '{"attempt":"%s","token":"%s","callback_url":"%s","walltime_s":%s,"want_gpu":%s,"relay":%s}\n' "$attempt" \
		"${field[token]}" "${field[callback_url]}" "${field[walltime_s]}" "${field[want_gpu]:-false}" \
		"${field[relay]:-false}" 2>/dev/null >"$dir/job.json" || disk_die 'writing job.json'
	fault submit.job_json
	for file in "$here/gait-job.pbs" "$here"/*.sh; do
		case $file in */cluster-*) ;; *) files+=("$file") ;; esac
	done
	cp -- "${files[@]}" "$dir/pbs/" 2>/dev/null || disk_die 'copying the job script'
	job_script "$dir" "$dir/pbs/gait-job.pbs" 2>/dev/null >"$dir/job.sh" || disk_die 'writing job.sh'
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
	mkdir -p -- "$dir/pbs" 2>/dev/null || disk_die "making $dir"
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
