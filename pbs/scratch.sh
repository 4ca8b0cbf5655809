# shellcheck shell=bash
# The work folder of one run in a node's scratch. It holds videos, so it must go even where the run was killed: each run
# holds a lock on its folder for as long as it lives, and removes the folders on its node that nobody holds.

SCRATCH_PREFIX=gait-work

# Makes a folder in FOLDER and holds its lock on descriptor 7 (close it in what may outlive the run). Sets work.
scratch_make() { # FOLDER
	local made
	made=$(mktemp -d "$1/$SCRATCH_PREFIX.XXXXXX") || return 1
	if { exec 7>"$made/lock"; } 2>/dev/null && flock -n 7 && : 2>/dev/null >"$made/held"; then
		# shellcheck disable=SC2034 # for who called
		work=$made
		return 0
	fi
	rm -rf -- "$made"
	return 1
}

# A container may have left files that belong to this account's subordinate ids.
scratch_remove() { # FOLDER
	engine_clean "$1"
	rm -rf -- "$1" 2>/dev/null || unshare --map-root-user --map-auto rm -rf -- "$1" 2>/dev/null || rm -rf -- "$1"
}

# Removes the folders of runs that are gone, and says which.
scratch_sweep() { # FOLDER
	local folder
	# OpenPBS gives each job a folder of its own beside the others'.
	for folder in "$1/$SCRATCH_PREFIX".* "${1%/*}"/pbs.*/"$SCRATCH_PREFIX".*; do
		if [ ! -d "$folder" ] || [ -L "$folder" ] || [ ! -O "$folder" ]; then continue; fi
		if [ -e "$folder/held" ]; then
			flock -n "$folder/lock" true 2>/dev/null || continue
		else
			# Being made, or left in the moment between.
			[ -n "$(find "$folder" -maxdepth 0 -mmin +10)" ] || continue
		fi
		scratch_remove "$folder" && printf 'removed %s\n' "$folder"
	done
	return 0
}
