# shellcheck shell=bash
# Runs gait-pose and gait-analyze in a Podman container: no network, no capability, nothing to write to but the folder
# that a step works in. Sourced by gait-job.pbs where GAIT_ENGINE=podman; docs/containers.md tells operators about it.
#
#   engine_prepare                             an image that runs and the GPU that was assigned; else node_misconfigured
#   engine_run STEP SECONDS WORKDIR COMMAND…   as guarded(): the same exit codes, the output followed
#   engine_stop                                ends and removes the container, at any time and more than once
#   engine_clean WORKDIR                       removes what it keeps there, also what a killed run left
#   engine_check                               for an operator: prints `ok STEP TEXT`, `failed STEP TEXT`
#
# It works unprivileged, without a systemd session, with a home on a network: all that Podman keeps lies in
# WORKDIR/engine, and no setting of the user or the machine is read but /etc/subuid, registries and CDI devices.
#
# Environment: GAIT_IMAGE          an archive (.tar, OCI or Docker), or the name of an image in GAIT_IMAGE_STORE
#              GAIT_IMAGE_DIGEST   sha256:…  of its manifest or its configuration; any other image is refused
#              GAIT_IMAGE_CACHE    folder on a local disk: an archive is unpacked there once a node and kept
#              GAIT_IMAGE_STORE    read-only store with the image, made by `podman --storage-driver overlay --root DIR load`
#              GAIT_RUNTIME        crun, runc or a path (default: the first of them that runs the image)
#              GAIT_MEMORY_MB      of a step (default 6144)
#              GAIT_PIDS           processes and threads of a step (default 512)
#              GAIT_GPU            assigned (default): only what the scheduler assigned; all: every GPU where it says nothing
engine_dir=''      # WORKDIR/engine
engine_run_dir=''  # short: Podman refuses long paths there
engine_name=''     # of the container that runs
engine_storage=''  # overlay, overlay:PROGRAM or vfs
engine_limits=''   # cgroup, or watch: who sees to memory
engine_error=''
engine_flags=()    # of podman
engine_options=()  # of podman run
engine_watcher=''  # process id
engine_command=()
engine_container=()
engine_mounts=()
engine_outputs=()
ENGINE_MEMORY_MB=${GAIT_MEMORY_MB:-6144}
ENGINE_PIDS=${GAIT_PIDS:-512}
umask 077
# shellcheck source=pbs/engine-image.sh
. "${BASH_SOURCE[0]%/*}/engine-image.sh" || return 1

# Where the job script's library is not there (a check by hand).
declare -F say >/dev/null || say() { printf '%s\n' "$*" >&2; }
declare -F say_file >/dev/null || say_file() { [ ! -s "$1" ] || tail -c 2000 "$1" >&2; }
declare -F limited >/dev/null || limited() { timeout -k 10 "$@"; }

# --- Podman, kept to itself --------------------------------------------------------------------------------

engine_command_of() { # DIR: podman with DIR's settings and nothing else of ours, least of all a secret
	local dir=$1 run=$1/r
	[ ! -s "$dir/run" ] || run=$(<"$dir/run")
	engine_command=(env -i "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin" LC_ALL=C "HOME=$dir/home" "TMPDIR=$dir/tmp"
		"XDG_RUNTIME_DIR=$run/x" "CONTAINERS_CONF=$dir/containers.conf" "CONTAINERS_STORAGE_CONF=$dir/storage.conf")
	if [ -s "$dir/cdi/mount" ] && [ "$UID" -eq 0 ]; then
		# shellcheck disable=SC2016 # the inner shell's
		engine_command=(unshare -m sh -c 'mount --bind "$0" "$1" && shift && exec "$@"' "$dir/cdi" "$(<"$dir/cdi/mount")"
			"${engine_command[@]}")
	fi
	engine_command+=(podman)
	engine_run_dir=$run
}

engine_podman() { # SECONDS ARGUMENT...: interrupted by a signal to the job; what it says goes to $engine_dir/out, $engine_dir/err
	limited "$1" "${engine_command[@]}" "${engine_flags[@]}" "${@:2}" >"$engine_dir/out" 2>"$engine_dir/err" </dev/null
}

# Podman 4.3 may miss the end of a container that ends at once, and waits another 20 s. Its monitor has written the exit
# code down by then: CIDFILE EXITS COMMAND…
# shellcheck disable=SC2016 # the inner shell's
engine_attached='
	cid=$1 exits=$2 seen=0
	shift 2
	rm -f "$cid"
	"$@" &
	pid=$!
	trap "kill $pid 2>/dev/null; exit 143" TERM
	exec {tick}<> <(:)
	while kill -0 "$pid" 2>/dev/null; do
		read -r -t 0.1 -u "$tick" _
		[ "$seen" -gt 0 ] || { read -r id || [ -n "$id" ]; } <"$cid" || continue
		[ ! -s "$exits/$id" ] || seen=$((seen + 1))
		[ "$seen" -lt 8 ] || { read -r code || [ -n "$code" ]; } <"$exits/$id" || continue
		[ "$seen" -lt 8 ] || { kill "$pid"; wait "$pid"; exit "$code"; }
	done 2>/dev/null
	wait "$pid"'

engine_attach() { # sets engine_container to what runs a container
	engine_container=(bash -c "$engine_attached" - "$engine_dir/cid" "$engine_run_dir/t/exits"
		"${engine_command[@]}" "${engine_flags[@]}" run --cidfile "$engine_dir/cid")
}

# Who a folder belongs to: process, when it began (its id alone may be another's by now), who counts processes for it.
engine_owner() { # PID
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086 # words on purpose
	set -- "$1" $stat
	printf '%s %s %s\n' "$1" "${21}" "$(readlink "/proc/$1/ns/pid")"
}

engine_number() { # TEXT LIMIT: a resource limit as a number
	case $1 in
	*[!0-9]* | '') printf '%s' "$2" ;;
	*) printf '%s' "$(($1 < $2 ? $1 : $2))" ;;
	esac
}

engine_settings() { # RUNTIME DRIVER STORE...: the two files of settings
	local runtime=$1 driver=$2 store stores=''
	shift 2
	[ -z "$runtime" ] || runtime="runtime = \"$runtime\""
	for store in "$@"; do stores+="${stores:+, }\"$store\""; done
	cat >"$engine_dir/containers.conf" <<-CONF
		[engine]
		$runtime
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		lock_type = "file"
		tmp_dir = "$engine_run_dir/t"
	CONF
	cat >"$engine_dir/storage.conf" <<-CONF
		[storage]
		driver = "${driver%%:*}"
		graphroot = "$engine_dir/g"
		runroot = "$engine_run_dir/r"
		[storage.options]
		additionalimagestores = [$stores]
		[storage.options.${driver%%:*}]
		ignore_chown_errors = "true"
	CONF
	case $driver in *:*) printf 'mount_program = "%s"\n' "${driver#*:}" >>"$engine_dir/storage.conf" ;; esac
}

engine_folders() { # WORKDIR
	local file_system
	engine_dir=$1/engine
	case $engine_dir in
	*[!A-Za-z0-9_./@+=\[\]-]*)
		engine_error="$1 cannot be mounted: strange characters in its path"
		return 1
		;;
	esac
	mkdir -p "$engine_dir" "$engine_dir/home/.config/containers" "$engine_dir/tmp" "$engine_dir/cdi" || return 1
	file_system=$(stat -f -c %T "$engine_dir")
	case $file_system in
	nfs* | lustre | gpfs | beegfs | smb* | cifs | afs | ceph | fuse.sshfs)
		engine_error="$1 is on $file_system: Podman needs a local disk (GAIT_SCRATCH or TMPDIR)"
		return 1
		;;
	esac
	if [ $((${#engine_dir} + 4)) -gt 50 ]; then
		engine_run_dir=$(mktemp -d /tmp/gait-engine.XXXXXX) && printf '%s\n' "$engine_run_dir" >"$engine_dir/run" || return 1
	fi
	engine_command_of "$engine_dir"
	mkdir -p "$engine_run_dir" "$engine_run_dir/x" || return 1
	printf '{"default": [{"type": "insecureAcceptAnything"}]}\n' >"$engine_dir/home/.config/containers/policy.json"
	engine_owner $$ | tee "$engine_run_dir/owner" >"$engine_dir/owner"
}

# The driver of a store is what Podman itself finds to work here.
engine_driver() {
	local driver drivers=(overlay)
	[ ! -w /dev/fuse ] || ! command -v fuse-overlayfs >/dev/null || drivers+=("overlay:$(command -v fuse-overlayfs)")
	for driver in "${drivers[@]}" vfs; do
		engine_settings '' "$driver" "$@"
		if engine_podman 60 info --format '{{.Store.GraphDriverName}}'; then
			engine_storage=$driver
			return 0
		fi
	done
	engine_error='Podman cannot keep images here'
	return 1
}

# --- what every container is run with ----------------------------------------------------------------------

engine_confine() { # cgroup|disabled|none: how limits are set
	local processes=30000 # Podman itself goes down to about the number of process ids
	engine_options=(--rm --pull=never --network=none --read-only --cap-drop=all --security-opt no-new-privileges
		--tmpfs '/tmp:rw,nosuid,nodev,size=256m' --env HOME=/tmp --hostname gait --no-hosts --log-driver=none
		--sig-proxy=false --entrypoint '' "${engine_gpus[@]}")
	case $1 in
	cgroup) engine_options+=(--memory "${ENGINE_MEMORY_MB}m" --memory-swap "${ENGINE_MEMORY_MB}m" --pids-limit "$ENGINE_PIDS") ;;
	disabled) engine_options+=(--cgroups=disabled) ;;
	esac
	# Podman would raise what may not be raised here. Where no cgroup counts processes, the system counts the user's.
	[ "$1" = cgroup ] || processes=$ENGINE_PIDS
	engine_options+=(--ulimit "nproc=$(engine_number "$(ulimit -Hu)" "$processes"):$(engine_number "$(ulimit -Hu)" "$processes")"
		--ulimit "nofile=$(engine_number "$(ulimit -Sn)" 1048576):$(engine_number "$(ulimit -Hn)" 1048576)")
}

# Finds the runtime and the limits that work here by running the image.
engine_try() {
	local runtime confine runtimes=("${GAIT_RUNTIME:-}")
	[ -n "${runtimes[0]}" ] || runtimes=(crun runc)
	engine_attach
	for runtime in "${runtimes[@]}"; do
		PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin command -v "$runtime" >/dev/null || continue
		engine_settings "$runtime" "$engine_storage" "${engine_stores[@]}"
		for confine in cgroup disabled none; do
			engine_confine "$confine"
			limited 120 "${engine_container[@]}" "${engine_options[@]}" "$engine_image" gait-pose --version \
				>"$engine_dir/out" 2>"$engine_dir/err" </dev/null || {
				cat "$engine_dir/err" >>"$engine_dir/tried"
				continue
			}
			engine_limits=$confine
			# Some say that they leave a limit aside, and go on.
			! grep -qiE 'limits? .*(not supported|ignored|discarded)' "$engine_dir/err" || engine_limits=none
			engine_confine "$engine_limits"
			[ "$engine_limits" = cgroup ] || engine_limits=watch
			return 0
		done
	done
		engine_error='the image does not run'
	return 1
}

engine_setup() { # WORKDIR
	engine_flags=()
	command -v podman >/dev/null || {
		engine_error='podman is not installed'
		return 1
	}
	engine_error='Podman cannot be set up'
	: >"${1:?}/.engine" && rm -f "$1/.engine" && engine_folders "$1" && engine_find_image && engine_find_gpu && engine_try
}

engine_prepare() {
	local begun=$SECONDS
	engine_sweep
	if engine_setup "$work"; then
		say "podman: image ${engine_image:0:12}, storage ${engine_storage%%:*}${engine_gpus[1]:+, ${engine_gpus[*]}}, ready in $((SECONDS - begun)) s"
		[ "$engine_limits" = cgroup ] || say "no cgroup of our own: memory is watched (at most $ENGINE_MEMORY_MB MB)"
		return 0
	fi
	say "podman on $HOSTNAME: $engine_error"
	[ -z "$engine_dir" ] || say_file "$engine_dir/err"
	[ -z "$engine_dir" ] || say_file "$engine_dir/tried"
	! disk_is_full || fail disk_full 'The analysis needed more disk space than there is.'
	fail node_misconfigured 'The computer that should run the analysis is not set up for it.'
}

# --- a step ------------------------------------------------------------------------------------------------

# What the container sees at WORKDIR is a folder of its own: the video (or key points) to read, the folder to write, and
# not the request files with their tokens. Sets engine_mounts, engine_outputs.
engine_cage() { # CAGE WORKDIR COMMAND...
	local cage=$1 root=$2 word last=''
	shift 2
	engine_mounts=(--mount "type=bind,src=$cage,dst=$root")
	engine_outputs=()
	for word in "$@"; do
		case $last:$word in
		--input:"$root"/* | --front:"$root"/* | --side:"$root"/* | --model:"$root"/* | --read_json:"$root"/* | --events:"$root"/*)
			[ ! -e "$word" ] || engine_mounts+=(--mount "type=bind,src=$word,dst=$word,ro")
			;;
		--write_json:"$root"/*)
			mkdir -p "$word" && engine_mounts+=(--mount "type=bind,src=$word,dst=$word")
			;;
		--write_video:"$root"/* | --out:"$root"/* | --csv:"$root"/* | --trc:"$root"/* | --mot:"$root"/* | \
			--svg-curves:"$root"/* | --svg-events:"$root"/* | --svg-table:"$root"/* | --pdf:"$root"/*)
			mkdir -p "$cage/$(dirname "${word#"$root"/}")" && engine_outputs+=("$word")
			;;
		esac || return 1
		last=$word
	done
	! [ -e /sys/fs/selinux/enforce ] || engine_mounts=("${engine_mounts[@]/%,ro/,ro,relabel=private}")
}

# A file that came out of the container is taken if it is a plain one: a link would have us read and send what it names.
engine_fetch() { # CAGE WORKDIR
	local file from
	for file in "${engine_outputs[@]}"; do
		from=$1/${file#"$2"/}
		[ -e "$from" ] || [ -L "$from" ] || continue
		if [ -L "$from" ] || [ "$(stat -c '%F %h' "$from")" = 'regular file 1' ] ||
			[ "$(stat -c '%F %h' "$from")" = 'regular empty file 1' ]; then
			[ ! -L "$from" ] && mv -f "$from" "$file" && continue
		fi
		say "${file##*/} is no plain file: left aside"
		return 1
	done
}

# The container's processes, first to last: PID KILOBYTES a line.
engine_family() { # PID
	ps -e -o pid=,ppid=,rss= | awk -v top="$1" '
		{ parent[$1] = $2; rss[$1] = $3 }
		END {
			for (pid in parent) {
				for (p = pid; p in parent && p != top; p = parent[p]) { }
				if (p == top)
					print pid, rss[pid]
			}
		}'
}

engine_watch() { # where no cgroup sees to it
	local pid kb fd
	exec {fd}<> <(:)
	while :; do
		read -r -t 0.5 -u "$fd" _
		pid=''
		{ read -r pid <"$engine_dir/pid"; } 2>/dev/null
		[ -n "$pid" ] || continue
		kb=$(engine_family "$pid" | awk '{ kb += $2 } END { printf "%d", kb }')
		[ "$kb" -gt $((ENGINE_MEMORY_MB * 1024)) ] || continue
		: >"$engine_dir/memory"
		engine_kill "$engine_dir/pid"
	done
}

engine_run() { # STEP SECONDS WORKDIR COMMAND...
	local step=$1 limit=$2 root=$3 run=${run_id:-$$} cage status command
	shift 3
	cage=$engine_dir/cage.$step
	rm -rf -- "$cage" "$engine_dir/pid" "$engine_dir/memory"
	mkdir -m 700 "$cage" && engine_cage "$cage" "$root" "$@" || return 74
	engine_name=g-${attempt:-x}-${step//_/-}-${run:0:8}
	command=("${engine_container[@]}" "${engine_options[@]}" --name "$engine_name"
		--pidfile "$engine_dir/pid" --workdir "$root" "${engine_mounts[@]}" "$engine_image" "$@")
	if [ "$engine_limits" = watch ]; then
		engine_watch >/dev/null 2>&1 &
		engine_watcher=$!
	fi
	guarded "$step" "$limit" "${command[@]}"
	status=$?
	engine_stop
	if [ -e "$engine_dir/memory" ] || [ "$status" -eq 137 ]; then
		say "the container was killed: at most $ENGINE_MEMORY_MB MB of memory (GAIT_MEMORY_MB)"
		status=137
	fi
	# Podman's own failure.
	[ "$status" -ne 125 ] || status=78
	engine_fetch "$cage" "$root" || status=70
	rm -rf -- "$cage"
	return "$status"
}

# --- the end -----------------------------------------------------------------------------------------------

# The first process of a container takes all others along. The file may be old: only a first process is killed.
engine_kill() { # FILE WITH PID
	local pid
	pid=$(cat "$1" 2>/dev/null) && [[ $pid =~ ^[0-9]+$ ]] &&
		grep -qE '^NSpid:.*[[:space:]]1$' "/proc/$pid/status" 2>/dev/null && [ "$pid" -ne 1 ] && kill -KILL "$pid" 2>/dev/null
}

engine_stop() {
	[ -z "$engine_watcher" ] || kill "$engine_watcher" 2>/dev/null
	engine_watcher=''
	[ -n "$engine_name" ] || return 0
	engine_kill "$engine_dir/pid"
	timeout -k 2 20 "${engine_command[@]}" "${engine_flags[@]}" rm --force --time 0 --ignore "$engine_name" \
		>/dev/null 2>&1 </dev/null
	engine_name=''
}

engine_clean() { # WORKDIR
	local dir=$1/engine place pause
	[ -d "$dir" ] || return 0
	(
		engine_command_of "$dir"
		engine_kill "$dir/pid"
		# Without these files Podman would take the machine's own store for ours.
		[ ! -s "$dir/storage.conf" ] || [ ! -s "$dir/containers.conf" ] ||
			timeout -k 2 30 "${engine_command[@]}" rm --force --time 0 --all >/dev/null 2>&1 </dev/null
		# Rootless, a process holds the namespaces of all of them.
		for pause in "$engine_run_dir"/t/pause.pid "$engine_run_dir"/x/libpod/tmp/pause.pid; do
			[ ! -s "$pause" ] || kill -KILL "$(<"$pause")" 2>/dev/null
		done
		while read -r _ place _; do
			case $place in "$dir"/* | "$engine_run_dir"/*) umount -l "$place" 2>/dev/null ;; esac
		done </proc/self/mounts
		case $engine_run_dir in /tmp/gait-engine.*) rm -rf -- "$engine_run_dir" ;; esac
	)
	chmod -R u+rwX "$dir" 2>/dev/null
	rm -rf -- "$dir"
}

# What killed runs left on this node: containers that still run, and their folders. Prints a line for each.
engine_sweep() {
	local found place
	{
		for place in "${work%/*}" /tmp "${TMPDIR:-/tmp}" "${GAIT_SCRATCH:-/tmp}"; do
			find "$place" -maxdepth 2 -path '*/*work.??????/engine' -user "$UID" 2>/dev/null
		done
		engine_monitors
	} | sort -u | while IFS= read -r found; do
		[ "$found" != "${work:-}/engine" ] || continue
		# What has a monitor was whole once: without the file, somebody began to remove it.
		if [ -e "$found/owner" ]; then
			engine_is_dead "$found" || continue
		else
			engine_monitors | grep -qxF "$found" || continue
		fi
		engine_orphans "$found"
		engine_clean "${found%/engine}"
		rm -rf -- "${found%/engine}"
		say "removed what a killed run left: ${found%/engine}"
	done
	for found in /tmp/gait-engine.??????; do
		[ ! -O "$found" ] || ! engine_is_dead "$found" || rm -rf -- "$found"
	done
}

engine_is_dead() { # FOLDER with the file owner; without one it is just being made
	local owner
	owner=$(cat "$1/owner" 2>/dev/null) && [ "${owner##* }" = "$(readlink /proc/self/ns/pid)" ] &&
		[ "$(engine_owner "${owner%% *}")" != "$owner" ]
}

# The folders WORKDIR/engine of all containers that have a monitor, known by its arguments.
engine_monitors() {
	local process name
	for process in /proc/[0-9]*; do
		[ -O "$process" ] || continue
		{ read -r name <"$process/comm"; } 2>/dev/null
		[ "$name" = conmon ] || continue
		{ tr '\0' '\n' <"$process/cmdline"; } 2>/dev/null |
			sed -n 's#^\(/.*work\.[A-Za-z0-9]\{6\}/engine\)/.*#\1#p' | head -n 1
	done
}

# Ends all that a killed run left running: its containers, their monitors, and who waits for them.
engine_orphans() { # WORKDIR/engine
	local process name pid
	engine_kill "$1/pid"
	for process in /proc/[0-9]*; do
		[ -O "$process" ] || continue
		{ read -r name <"$process/comm"; } 2>/dev/null
		# The process that holds the namespaces shows its folder in its environment alone.
		case $name in
		podman* | catatonit) grep -qsF "$1/" "$process/cmdline" "$process/environ" || continue ;;
		*) grep -qsF "$1/" "$process/cmdline" || continue ;;
		esac
		case $name in
		conmon) engine_family "${process##*/}" | while read -r pid _; do kill -KILL "$pid" 2>/dev/null; done ;;
		timeout | bash | podman* | catatonit) kill -KILL "${process##*/}" 2>/dev/null ;;
		esac
	done
}

# --- for operators -----------------------------------------------------------------------------------------

engine_check() {
	local own=''
	[ -n "${work:-}" ] || { work=$(mktemp -d "${GAIT_SCRATCH:-${TMPDIR:-/tmp}}/work.XXXXXX") && own=1; }
	if engine_setup "$work"; then
		echo "ok engine podman, storage ${engine_storage%%:*}, limits by $engine_limits"
		echo "ok image ${engine_image:0:12}: $(head -c 100 "$engine_dir/out" | tr -cd '[:print:]')"
		[ ${#engine_gpus[@]} -eq 0 ] || echo "ok gpu ${engine_gpus[*]}"
	else
		echo "failed engine $engine_error$([ ! -s "$engine_dir/err" ] || printf ': ' && tail -n 1 "$engine_dir/err" | head -c 300 | tr -cd '[:print:]')"
	fi
	engine_clean "$work"
	[ -z "$own" ] || rm -rf -- "$work"
}
