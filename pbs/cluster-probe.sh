# shellcheck shell=bash disable=SC2154 # what gait-cluster and cluster-common.sh set
# gait-cluster probe: can attempts run? Everything that can be tried is tried, and each finding is a line of its own:
# "ok STEP TEXT", "failed STEP TEXT" or "skipped STEP TEXT". The exit code says only whether the probe itself went well.

found() { # ok|failed|skipped STEP TEXT
	local text=${3//[^[:print:]]/ }
	printf '%s %s %s\n' "$1" "$2" "${text:0:300}"
}

probe_folder() {
	local text free_kb
	text=$( (root_make && printf x >"$ROOT/.try.$$" && rm -f -- "$ROOT/.try.$$") 2>&1) || {
		found failed folder "$ROOT cannot be written to: $text"
		return 1
	}
	[ -z "$(find "$ROOT/" -maxdepth 0 -perm /022)" ] || {
		found failed folder "other accounts may write to $ROOT"
		return 1
	}
	free_kb=$(df -P -k -- "$ROOT" 2>/dev/null | { read -r _ && read -r _ _ _ text _ && printf '%s' "$text"; })
	# A relayed pair and its outputs take about a gigabyte.
	if [ "${free_kb:-0}" -ge 1048576 ]; then
		found ok folder "$ROOT, $((free_kb / 1048576)) GB free"
	else
		found failed folder "$ROOT has only $((${free_kb:-0} / 1024)) MB free"
	fi
}

probe_scheduler() {
	local text missing='' tool tools='qsub qstat qdel qselect'
	text=$(scheduler_find 2>&1) || {
		found failed tools "${text#"$program: "}"
		return 1
	}
	scheduler_find
	[ "$SCHEDULER" != slurm ] || tools='qsub qstat qdel squeue scontrol'
	for tool in $tools; do [ -x "$BIN/$tool" ] || missing+=" $tool"; done
	[ -z "$missing" ] || {
		found failed tools "missing in $BIN:$missing"
		return 1
	}
	found ok tools "$SCHEDULER, $BIN"
	id_look_up g-probe-nothing || {
		ALL=1 call qstat
		[ "$rc" -ne 124 ] || out="no answer within $TIMEOUT_S s"
		found failed scheduler "the scheduler does not answer: ${out:-code $rc}"
		return 1
	}
	found ok scheduler 'the scheduler answers'
}

# Why a job does not run yet, in the scheduler's words.
probe_reason() { # ID
	if [ "$SCHEDULER" = slurm ]; then
		call squeue -h -o '%T %r' -j "$1"
		printf '%s' "${out:-it is not known any more}"
	else
		call qstat -f "$1"
		out=${out#*comment = }
		printf '%s' "${out%%$'\n'*}"
	fi
}

probe_job_write() { # FOLDER
	local folder=$1 text
	text=$( (
		scripts_ready &&
			printf '%s\n%s\n' "${field[callback_url]:-}" "${field[store_url]:-}" >"$folder/urls" &&
			job_script "$folder" "$scripts/probe-job.sh" >"$folder/job.sh"
	) 2>&1) || {
		found failed job "$folder cannot be written to: $text"
		return 1
	}
}

# Waits for the result; return 1 where there will be none.
probe_wait() { # FOLDER ID SECONDS
	local end=$((SECONDS + $3)) asked=$SECONDS
	while [ ! -e "$1/result" ]; do
		if [ "$SECONDS" -ge "$end" ]; then
			found failed job "$2 did not run within $3 s: $(probe_reason "$2")"
			return 1
		fi
		sleep 0.5
		[ $((SECONDS - asked)) -ge 5 ] || continue
		asked=$SECONDS
		job_lives "$2"
		# A file may become visible on this node a while after the job has ended.
		[ $? -ne 1 ] || [ $((end - SECONDS)) -le 10 ] || end=$((SECONDS + 10))
	done
}

probe_job() {
	local folder job wait_s=${field[wait_s]:-120}
	folder=$(mktemp -d "$ROOT/.probe.XXXXXX" 2>&1) || {
		found failed job "$folder"
		return
	}
	# shellcheck disable=SC2064 # now
	trap "rm -rf -- '$folder'" EXIT
	probe_job_write "$folder" || return
	cd "$HOME" 2>/dev/null || cd / || true
	qsub_for "$folder"
	ALL=1 call qsub "${qsub_line[@]}"
	job=${out##*$'\n'}
	if [ "$rc" -ne 0 ] || ! id_is "$job"; then
		out=$( (refused "$rc" "$out") 2>&1)
		found failed qsub "${out#"$program: "}"
		return
	fi
	found ok qsub "job $job"
	if probe_wait "$folder" "$job" "$wait_s"; then
		head -c 8000 -- "$folder/result"
	else
		[ ! -s "$folder/log" ] || found failed log "$(tail -c 300 -- "$folder/log")"
	fi
	ALL=1 call qdel "$job"
}

probe() {
	local name=''
	request_read
	number_is "${field[wait_s]:-120}" 4 || die 64 'wait_s is malformed'
	[ -z "${field[callback_url]:-}" ] || url_is "${field[callback_url]}" || die 64 'the callback_url is malformed'
	[ -z "${field[store_url]:-}" ] || url_is "${field[store_url]}" || die 64 'the store_url is malformed'
	[ "${qsub_words[0]:-}" != -N ] || name=${qsub_words[1]:-}
	[ ${#qsub_words[@]} -eq 0 ] || { [[ $name = g-probe-?* ]] && name_is "$name"; } || die 64 "the job of a probe is called g-probe-…"
	qsub_check "$name"
	probe_folder || return 0
	probe_scheduler || return 0
	if [ -z "$name" ]; then
		found skipped job 'no job was asked for'
	else
		probe_job
	fi
	return 0
}
