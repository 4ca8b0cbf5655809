#!/bin/bash
# The job of gait-cluster probe: looks at the compute node that it came to, and leaves FOLDER/result, whole.
#   probe-job.sh FOLDER     FOLDER/urls: the URL that attempts report to, and that of the store; '' to skip one
set -uo pipefail
umask 077
folder=${1:?usage: probe-job.sh FOLDER}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 70

found() { # ok|failed|skipped STEP TEXT
	local text=${3//[^[:print:]]/ }
	printf '%s %s %s\n' "$1" "$2" "${text:0:300}"
}

tools() {
	local tool missing=''
	for tool in jq curl timeout sha256sum tar gzip sed awk fold stdbuf flock; do
		command -v "$tool" >/dev/null || missing+=" $tool"
	done
	if [ -z "$missing" ]; then found ok node-tools "$HOSTNAME"; else found failed node-tools "missing on $HOSTNAME:$missing"; fi
}

scratch() {
	local at=${GAIT_SCRATCH:-${TMPDIR:-$folder}} try free_kb
	try=$(mktemp -d "$at/gait-probe.XXXXXX" 2>&1) || {
		found failed scratch "$at on $HOSTNAME: $try"
		return
	}
	rm -rf -- "$try"
	free_kb=$(df -P -k -- "$at" | awk 'NR == 2 { print $4 }')
	found ok scratch "$at on $HOSTNAME, $((${free_kb:-0} / 1048576)) GB free"
}

# An answer of any status shows that there is a way.
reach() { # STEP URL
	local answer
	[ -n "$2" ] || {
		found skipped "$1" 'no URL'
		return
	}
	if answer=$(curl -q -s -S -o /dev/null -w 'HTTP %{http_code} from %{remote_ip}' --proto '=http,https' \
		--connect-timeout 10 --max-time 15 --url "$2" 2>&1); then
		found ok "$1" "$HOSTNAME reaches $2: $answer"
	else
		found failed "$1" "$HOSTNAME does not reach $2: $answer"
	fi
}

engine() {
	local program
	case ${GAIT_ENGINE:-direct} in
	direct)
		for program in "${GAIT_POSE:-gait-pose}" "${GAIT_ANALYZE:-gait-analyze}"; do
			if command -v "$program" >/dev/null; then
				found ok engine "$program on $HOSTNAME"
			else
				found failed engine "$program is not on $HOSTNAME"
			fi
		done
		;;
	podman)
		# shellcheck source=/dev/null
		if [ -r "$here/engine.sh" ] && . "$here/engine.sh"; then
			engine_check 2>/dev/null | grep -E '^(ok|failed|skipped) ' || found failed engine 'its check says nothing'
		else
			found failed engine "$here/engine.sh is missing"
		fi
		;;
	*) found failed engine "there is no way to run engines called $GAIT_ENGINE" ;;
	esac
}

{
	read -r callback_url
	read -r store_url
} <"$folder/urls"
{
	tools
	scratch
	reach callback "$callback_url"
	reach store "$store_url"
	engine
} >"$folder/result.part"
mv -f -- "$folder/result.part" "$folder/result"
