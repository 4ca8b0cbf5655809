# shellcheck shell=bash disable=SC2154 # what gait-cluster and cluster-common.sh set
# gait-cluster put, get: the files of attempts whose node has no way out. forget, sweep: removing what is over.

# Sets name; files that are being written begin with a dot, so nobody can ask for them.
file_is() { # NAME
	[[ ${#1} -le 47 && $1 = [a-z0-9]* && $1 != *[!a-z0-9._-]* ]] || die 64 'a file is called [a-z0-9._-], 1 to 47 characters'
	name=$1
}

# What arrived is written under another name, and gets its own with the checksum that it was seen to have.
put() { # ATTEMPT NAME BYTES SHA256
	local part sum line error
	attempt_is "$1"
	file_is "$2"
	[ "$3" = 0 ] || number_is "$3" 13 || die 64 'put: the number of bytes is malformed'
	[[ ${#4} -eq 64 && $4 != *[!0-9a-f]* ]] || die 64 'put: the checksum is malformed'
	root_make
	mkdir -p -- "$dir/in" 2>/dev/null || disk_die "making $dir/in"
	attempt_lock --shared
	part=$dir/in/.$name.part
	sum=$dir/in/.$name.sum
	if [ -f "$dir/in/$name" ] && IFS= read -r line 2>/dev/null <"$sum" && [ "$line" = "$3 $4" ]; then
		printf 'have\nok\n'
		return 0
	fi
	exec 8>>"$part" || disk_die "writing $name"
	flock -n 8 || die 75 "$name is being written by another call"
	printf 'send\n'
	error=$( (head -c "$3" | tee -- "$part" | sha256sum >"$part.sum") 2>&1) || {
		rm -f -- "$part" "$part.sum"
		! room_text "$error" || die 73 "writing $name: no room on the disk, or the quota is full"
		die 74 "writing $name: ${error//$'\n'/ }"
	}
	IFS= read -r line <"$part.sum"
	rm -f -- "$part.sum"
	if [ "$(stat -c %s -- "$part") ${line%% *}" != "$3 $4" ]; then
		rm -f -- "$part"
		die 74 "$name: other bytes arrived than were announced"
	fi
	fault put.written
	{ sync -- "$part" && rm -f -- "$dir/in/$name"; } || disk_die "writing $name"
	printf '%s %s\n' "$3" "$4" 2>/dev/null >"$sum" || disk_die "writing $name"
	fault put.sum
	mv -f -- "$part" "$dir/in/$name" || disk_die "writing $name"
	printf 'ok\n'
}

get() { # ATTEMPT NAME MAX_BYTES
	local bytes sum
	attempt_is "$1"
	file_is "$2"
	[[ $3 && ${#3} -le 13 && $3 != *[!0-9]* ]] || die 64 'get: the number of bytes is malformed'
	[ -f "$dir/out/$name" ] || die 2 "there is no output $name of $attempt"
	exec 8<"$dir/out/$name" || die 74 "$name cannot be read"
	bytes=$(stat -L -c %s /proc/self/fd/8) || die 74 "$name cannot be read"
	sum=$(sha256sum </proc/self/fd/8) || die 74 "$name cannot be read"
	printf '%s %s\n' "$bytes" "${sum%% *}"
	# The line says it all where it is too large.
	[ "$bytes" -gt "$3" ] || cat <&8 || die 74 "$name cannot be sent"
}

# Out of sight first, so that what is half removed counts for nothing.
remove() { # FOLDER
	local gone=$ROOT/.gone.${1##*/}.$$
	mv -- "$1" "$gone" 2>/dev/null || die 74 "$1 cannot be removed"
	fault forget.moved
	rm -rf -- "$gone" 2>/dev/null || true # a container may have left files of other ids: sweep tries again
}

forget() { # ATTEMPT
	attempt_is "$1"
	[ -d "$dir" ] || return 0
	attempt_lock
	id_read "$dir"
	if [ -z "$id" ] && [ -e "$dir/submitting" ]; then
		id_look_up "g-$attempt" || die 69 "whether $attempt still runs cannot be told now (code $rc)"
	fi
	case $id in
	'' | g-*) ;;
	*)
		job_lives "$id"
		case $? in
		0) die 75 "$attempt still runs" ;;
		2) die 69 "whether $attempt still runs cannot be told now (code $rc)" ;;
		esac
		;;
	esac
	remove "$dir"
}

# Copies of the scripts that no attempt runs and that are not installed any more.
sweep_scripts() {
	local folder line named=''
	for folder in "$ROOT"/* "$ROOT"/.probe.*; do
		[ -d "$folder" ] || continue
		# One that is being submitted, perhaps, and has chosen already.
		[ -s "$folder/job.sh" ] || return 0
		while IFS= read -r line; do named+=$line; done <"$folder/job.sh"
	done
	scripts_find || scripts=''
	for folder in "$ROOT"/.pbs-*; do
		[[ $folder != "$scripts" && $named != *"/${folder##*/}/"* ]] || continue
		(remove "$folder") && printf 'removed %s\n' "${folder##*/}"
	done
}

# What is over for long and was never forgotten, and what a removal left; a line for each.
sweep() {
	local folder
	root_make
	shopt -s nullglob
	for folder in "$ROOT"/.gone.* "$ROOT"/.probe.*; do
		[ -z "$(find "$folder" -maxdepth 0 -mmin -60)" ] || continue # one that is under way, perhaps
		scratch_remove "$folder" && printf 'removed %s\n' "${folder##*/}"
	done
	for folder in "$ROOT"/*; do
		name_is "${folder##*/}" || continue
		[ -z "$(find "$folder" -newermt "$KEEP_DAYS days ago" -print -quit)" ] || continue
		# In a process of its own: one that cannot be told about now must not stop the others.
		(forget "${folder##*/}") && printf 'removed %s\n' "${folder##*/}"
	done
	sweep_scripts
	for folder in "${job_settings[@]}"; do
		[[ $folder != GAIT_SCRATCH=* ]] || scratch_sweep "${folder#*=}"
	done
	scratch_sweep "${TMPDIR:-/tmp}"
	return 0
}
