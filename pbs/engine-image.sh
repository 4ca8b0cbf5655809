# shellcheck shell=bash
# The image that engine.sh runs, and the GPUs that it hands over. Sourced by engine.sh.
# shellcheck disable=SC2034,SC2154 # shared with engine.sh
engine_image=''    # its id
engine_manifest='' # its manifest's digest
engine_stores=()   # read-only stores that may hold it
engine_gpus=()     # options of podman run
engine_lock=''     # descriptor

# --- the image ---------------------------------------------------------------------------------------------

# Sets engine_image (the configuration's digest, which is the image's id) and engine_manifest from an archive's own words.
engine_archive() { # FILE
	local index
	engine_manifest=''
	if index=$(tar -xOf "$1" index.json 2>/dev/null) &&
		engine_manifest=$(jq -er '.manifests[0].digest | select(test("^sha256:[0-9a-f]{64}$"))' <<<"$index"); then
		engine_image=$(tar -xOf "$1" "blobs/sha256/${engine_manifest#sha256:}" 2>/dev/null |
			jq -er '.config.digest | select(test("^sha256:[0-9a-f]{64}$")) | ltrimstr("sha256:")') && return 0
	elif index=$(tar -xOf "$1" manifest.json 2>/dev/null) &&
		engine_image=$(jq -er '.[0].Config | capture("(?<id>[0-9a-f]{64})").id' <<<"$index"); then
		return 0
	fi
	engine_error="$1 is no image's archive"
	return 1
}

engine_load() { # FILE
	engine_podman 900 load --quiet --input "$1" && engine_podman 60 image exists "$engine_image" && return 0
	engine_error="$1 cannot be loaded"
	return 1
}

# Once a node: whoever comes second waits for the first. An image that was not wholly unpacked has no mark and goes.
engine_cached() { # FILE
	local store=$GAIT_IMAGE_CACHE/$UID-${engine_storage//[^a-z]/}-${engine_image:0:32}
	engine_error="$GAIT_IMAGE_CACHE cannot be written to"
	mkdir -p "$GAIT_IMAGE_CACHE" && exec {engine_lock}>"$store.lock" || return 1
	limited 1200 flock "$engine_lock" || return 1
	if [ ! -e "$store/whole" ]; then
		rm -rf -- "$store"
		mkdir -p "$store" && engine_flags+=(--root "$store") && engine_load "$1" || return 1
		engine_flags=("${engine_flags[@]:0:${#engine_flags[@]}-2}")
		: >"$store/whole"
	fi
	exec {engine_lock}>&-
	engine_stores+=("$store")
}

engine_named() { # NAME
	engine_podman 60 image inspect --format '{{.Id}} {{.Digest}}' "$1" || {
		engine_error="there is no image $1${GAIT_IMAGE_STORE:+ in $GAIT_IMAGE_STORE}"
		return 1
	}
	read -r engine_image engine_manifest <"$engine_dir/out"
	engine_image=${engine_image#sha256:}
}

engine_find_image() {
	local image=${GAIT_IMAGE:-} want=${GAIT_IMAGE_DIGEST:-}
	engine_stores=()
	[ -z "${GAIT_IMAGE_STORE:-}" ] || engine_stores+=("$GAIT_IMAGE_STORE")
	[ -n "$image" ] || {
		engine_error='GAIT_IMAGE is not set'
		return 1
	}
	engine_driver "${engine_stores[@]}" || return 1
	if [ -f "$image" ]; then
		engine_archive "$image" || return 1
	else
		engine_named "$image" || return 1
	fi
	case ${want#sha256:} in
	'' | "$engine_image" | "${engine_manifest#sha256:}") ;;
	*)
		engine_error="$image is sha256:$engine_image, not $want"
		return 1
		;;
	esac
	[ -f "$image" ] || return 0
	if [ -n "${GAIT_IMAGE_CACHE:-}" ]; then engine_cached "$image"; else engine_load "$image"; fi
}

# --- the GPU -----------------------------------------------------------------------------------------------

# Names of CDI devices for what the scheduler assigned, one a line. A UUID cannot be misread; where a site confines
# devices, CUDA_VISIBLE_DEVICES counts what is left over, Slurm's own list counts all.
engine_assigned() {
	local list='' name
	case ${CUDA_VISIBLE_DEVICES:-} in
	GPU-* | MIG-*) list=$CUDA_VISIBLE_DEVICES ;;
	*) list=${SLURM_STEP_GPUS:-${SLURM_JOB_GPUS:-${CUDA_VISIBLE_DEVICES:-}}} ;;
	esac
	if [ -z "$list" ] && [ -r "${PBS_GPUFILE:-}" ]; then
		list=$(sed -n 's/.*-gpu\([0-9]\{1,4\}\)$/\1/p' "$PBS_GPUFILE" | paste -sd,)
	fi
	[ -n "$list" ] || list=none
	case $list:${GAIT_GPU:-assigned} in
	none:all) list=all ;;
	esac
	for name in ${list//,/ }; do
		[[ $name =~ ^([0-9]{1,4}|all|(GPU|MIG)-[0-9A-Fa-f-]{8,64})$ ]] || {
			printf 'the scheduler assigned no GPU (%s)\n' "${name//[^A-Za-z0-9-]/?}"
			return 1
		}
		printf 'nvidia.com/gpu=%s\n' "$name"
	done
}

engine_has_specification() {
	grep -qs 'nvidia\.com/gpu' /etc/cdi/*.json /etc/cdi/*.yaml /run/cdi/*.json /run/cdi/*.yaml
}

engine_make_specification() {
	local place
	command -v nvidia-ctk >/dev/null || {
		engine_error='no CDI specification of the GPUs in /etc/cdi or /run/cdi, and no nvidia-ctk to make one'
		return 1
	}
	limited 120 nvidia-ctk cdi generate --format=json --output="$engine_dir/cdi/nvidia.json" >"$engine_dir/out" 2>"$engine_dir/err" || {
		engine_error='nvidia-ctk cannot describe the GPUs'
		return 1
	}
	if "${engine_command[@]}" --help 2>/dev/null | grep -q -- --cdi-spec-dir; then
		engine_flags+=(--cdi-spec-dir "$engine_dir/cdi")
		return 0
	fi
	# Older ones read these folders only: ours is put over one of them, for this Podman alone.
	for place in /etc/cdi /run/cdi; do
		[ -d "$place" ] || continue
		printf '%s\n' "$place" >"$engine_dir/cdi/mount"
		[ "$UID" -ne 0 ] || engine_command_of "$engine_dir"
		[ "$UID" -eq 0 ] || engine_podman 60 unshare mount --bind "$engine_dir/cdi" "$place" || break
		return 0
	done
	engine_error="this Podman reads /etc/cdi and /run/cdi only, and neither is there: nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
	return 1
}

engine_find_gpu() {
	local devices device
	engine_gpus=()
	[ "$(jq -r '.want_gpu // false' "${dir:-/nonexistent}/job.json" 2>/dev/null)" = true ] || return 0
	engine_has_specification || engine_make_specification || return 1
	devices=$(engine_assigned) || {
		engine_error=$devices
		return 1
	}
	for device in $devices; do engine_gpus+=(--device "$device"); done
}
