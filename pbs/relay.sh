# shellcheck shell=bash disable=SC2154 # what gait-job.pbs and lib.sh set
# The other way to and from gaitd, for nodes that reach nobody: what checkin, heartbeat, fetch and upload do with
# requests is done with files in the attempt's folder, which gaitd carries through its SSH session
# (docs/cluster-protocol.md). No request is tried.

# The folder's run file is the binding that gaitd's answer is otherwise: who came second does not count.
relay_checkin() {
	[ -n "$own" ] || superseded 'another run was here before'
	[ -s "$dir/in/order.json" ] && cp -- "$dir/in/order.json" "$work/order.json"
}

# Whole or not at all; a lost one does no harm.
relay_heartbeat() { # STEP PERCENT
	printf '%s %d\n' "$1" "$2" 2>/dev/null >"$dir/.progress" && mv -f -- "$dir/.progress" "$dir/progress" 2>/dev/null
	return 0
}

# Return 1 where there is no such file; 3 nowhere to write it.
relay_fetch() { # NAME FILE
	[[ $1 =~ ^[a-z0-9][a-z0-9._-]{0,46}$ ]] && [ -f "$dir/in/$1" ] || return 1
	limited "$(within "${download_s:-1800}")" cp -- "$dir/in/$1" "$2" 2>"$work/curl.err" && return 0
	! disk_is_full || return 3
	return 1
}

relay_put() { # FILE NAME
	local part=$dir/out/.$2.part
	[[ $2 =~ ^[a-z0-9][a-z0-9._-]{0,46}$ ]] && mkdir -p -- "$dir/out" || return 1
	limited "$(within "${upload_s:-1800}")" cp -- "$1" "$part" 2>"$work/curl.err" &&
		limited "$(within 600)" sync -- "$part" && mv -f -- "$part" "$dir/out/$2" && return 0
	rm -f -- "$part"
	case $(<"$work/curl.err") in *'No space left'* | *'uota exceeded'*) return 3 ;; esac
	return 1
}
