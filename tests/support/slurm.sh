#!/bin/bash
# A Slurm of its own for tests: munged, slurmctld and slurmd on loopback and free ports, by hand, without systemd.
#
#   slurm.sh start FOLDER    FOLDER: absolute, passable for everybody. Written: FOLDER/slurm.conf (clients need
#                            SLURM_CONF=FOLDER/slurm.conf) and FOLDER/slurm/ (keys, state, logs)
#   slurm.sh stop FOLDER     ends what start began, by its process ids; harmless where nothing runs
#
# Several may run beside each other. Jobs are not limited by cgroups, so the node may claim more than it has:
# GAIT_SLURM_CPUS (24), GAIT_SLURM_NODE_MB (8000), two GPUs that are none. GAIT_SLURM_MIN_JOB_AGE_S (300): how
# long ended jobs are remembered. Partitions: batch (default), closed (takes no job).
# Exit code 77: this cannot be had here (not root, a package is missing), with a line that says why.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin

skip() { printf 'slurm.sh: %s\n' "$1" >&2 && exit 77; }
fail() {
	printf 'slurm.sh: %s\n' "$1" >&2
	tail -n 5 "$base"/log/*.log "$base"/log/*.out >&2 2>/dev/null || true
	exit 1
}

usage() {
	echo "usage: slurm.sh start|stop FOLDER (an absolute path)" >&2
	exit 64
}
case "$#:${2:-}" in 2:/*) ;; *) usage ;; esac
folder=$2
base=$folder/slurm

free_ports() { # COUNT
	python3 - "$1" <<-'PY'
		import socket, sys
		kept = [socket.socket() for _ in range(int(sys.argv[1]))]
		for s in kept:
		    s.bind(("127.0.0.1", 0))
		print(*(s.getsockname()[1] for s in kept))
	PY
}

passable() { # FOLDER: may other accounts walk through it?
	local path=$1
	while [ "$path" != / ] && [ -n "$path" ]; do
		case $(stat -c %A "$path") in *x | *t) ;; *) fail "$path must be passable for other accounts (chmod a+x)" ;; esac
		path=$(dirname "$path")
	done
}

configure() {
	local node cpus=${GAIT_SLURM_CPUS:-24} controller_port node_port n
	read -r controller_port node_port <<<"$(free_ports 2)"
	node=$(hostname -s)
	printf '%s\n' "$node" >"$base/node"
	for n in 0 1; do
		# The null device stands in for a GPU; where none can be made, the file has what slurmd looks at.
		[ -e "$base/gpu$n" ] || mknod -m 666 "$base/gpu$n" c 1 3 2>/dev/null || : >"$base/gpu$n"
	done
	printf 'NodeName=%s Name=gpu File=%s/gpu[0-1]\n' "$node" "$base" >"$folder/gres.conf"
	cat >"$folder/slurm.conf" <<-CONF
		ClusterName=gait
		SlurmctldHost=$node(127.0.0.1)
		SlurmUser=slurm
		AuthType=auth/munge
		AuthInfo=socket=$base/run/munge.socket
		CredType=cred/munge
		CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
		SlurmctldPort=$controller_port
		SlurmdPort=$node_port
		StateSaveLocation=$base/state
		SlurmdSpoolDir=$base/spool
		SlurmctldPidFile=$base/run/slurmctld.pidfile
		SlurmdPidFile=$base/run/slurmd.pidfile
		SlurmctldLogFile=$base/log/slurmctld.log
		SlurmdLogFile=$base/log/slurmd.log
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		JobAcctGatherType=jobacct_gather/none
		AccountingStorageType=accounting_storage/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core_Memory
		SchedulerType=sched/backfill
		SchedulerParameters=sched_interval=1,batch_sched_delay=0,default_queue_depth=100,bf_interval=2
		SlurmdParameters=config_overrides
		MpiDefault=none
		ReturnToService=2
		MinJobAge=${GAIT_SLURM_MIN_JOB_AGE_S:-300}
		KillWait=5
		JobRequeue=1
		MailProg=/bin/true
		GresTypes=gpu
		PropagateResourceLimits=NONE
		NodeName=$node NodeAddr=127.0.0.1 NodeHostname=$node CPUs=$cpus SocketsPerBoard=1 CoresPerSocket=$cpus ThreadsPerCore=1 RealMemory=${GAIT_SLURM_NODE_MB:-8000} Gres=gpu:2 State=UNKNOWN
		PartitionName=batch Nodes=$node Default=YES MaxTime=04:00:00 DefaultTime=00:10:00 State=UP DefMemPerCPU=256 OverSubscribe=NO
		PartitionName=closed Nodes=$node MaxTime=04:00:00 State=DOWN
	CONF
	chmod 644 "$folder/slurm.conf" "$folder/gres.conf"
}

alive() { # DAEMON: is it ours, and does it run?
	[ -s "$base/run/$1.pid" ] && grep -qs "$1" "/proc/$(<"$base/run/$1.pid")/cmdline"
}

launch() { # DAEMON COMMAND...
	local daemon=$1
	shift
	setsid "$@" >"$base/log/$daemon.out" 2>&1 </dev/null 9>&- &
	echo $! >"$base/run/$daemon.pid"
}

wait_until() { # WHAT COMMAND...
	local what=$1 tries=0
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 300 ] || fail "$what does not come up"
		sleep 0.1
	done
}

node_is_up() { sinfo -h -N -o %T | grep -qx -e idle -e mixed -e allocated; }

start() {
	local tool
	[ "$(id -u)" -eq 0 ] || skip 'needs root, to run jobs as another account'
	for tool in munged munge slurmctld slurmd qsub qstat python3 setpriv; do
		command -v "$tool" >/dev/null || skip "$tool is not installed (scripts/setup test)"
	done
	getent passwd munge slurm >/dev/null || skip 'the accounts munge and slurm are missing (scripts/setup test)'
	if alive slurmctld && alive slurmd && alive munged; then return 0; fi
	mkdir -p "$base"/log "$base"/run "$base"/spool "$base"/state "$base"/key
	chmod 755 "$folder" "$base" "$base"/*
	passable "$base"
	chown slurm: "$base/state" "$base/log"
	chown munge: "$base/run" "$base/key"
	chmod 700 "$base/key"
	head -c 128 /dev/urandom >"$base/key/munge.key"
	chmod 400 "$base/key/munge.key"
	chown munge: "$base/key/munge.key"
	configure
	export SLURM_CONF=$folder/slurm.conf
	launch munged setpriv --reuid=munge --regid=munge --clear-groups munged -F --socket="$base/run/munge.socket" \
		--key-file="$base/key/munge.key" --pid-file="$base/run/munged.pidfile" --seed-file="$base/key/seed" \
		--log-file="$base/key/munged.log"
	wait_until munged munge -n --socket="$base/run/munge.socket"
	launch slurmctld slurmctld -D
	launch slurmd slurmd -D -N "$(<"$base/node")"
	wait_until slurm node_is_up
}

end() { # DAEMON
	local pid tries=0
	alive "$1" || return 0
	pid=$(<"$base/run/$1.pid")
	kill "$pid"
	while alive "$1"; do
		tries=$((tries + 1))
		[ "$tries" -ne 100 ] || kill -KILL "$pid"
		[ "$tries" -lt 120 ] || fail "$1 ($pid) does not end"
		sleep 0.1
	done
	rm -f "$base/run/$1.pid"
}

# Jobs outlive slurmd on purpose (slurmstepd is a process of its own), so they are cancelled first.
end_jobs() {
	local tries=0
	export SLURM_CONF=$folder/slurm.conf
	alive slurmctld && alive slurmd || return 0
	timeout 20 scontrol update "NodeName=$(<"$base/node")" State=RESUME >/dev/null 2>&1 || true
	timeout 20 squeue -h -o %i 2>/dev/null | xargs -r timeout 20 scancel --signal=KILL --full >/dev/null 2>&1 || true
	timeout 20 squeue -h -o %i 2>/dev/null | xargs -r timeout 20 scancel >/dev/null 2>&1 || true
	while [ "$tries" -lt 100 ] && [ -n "$(timeout 20 squeue -h -o %i 2>/dev/null)" ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
}

case $1 in
start) start ;;
stop)
	end_jobs
	for daemon in slurmd slurmctld munged; do end "$daemon"; done
	;;
*) usage ;;
esac
