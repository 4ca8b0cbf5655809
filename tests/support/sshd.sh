#!/bin/bash
# An sshd on a free loopback port with an account of its own, for tests.
#
#   sshd.sh start FOLDER [NAME=VALUE…]   FOLDER: absolute, passable for everybody. Each NAME=VALUE becomes the
#                                        environment of what a client runs.
#                                        GAIT_SSHD_COMMAND: what the key may run (forced command); without it, anything
#   sshd.sh stop FOLDER                  ends it and the account's processes, removes the account
#
# Written: FOLDER/id_ed25519, FOLDER/known_hosts, FOLDER/port, FOLDER/account, FOLDER/home (the account's, 0700).
# The account is made by useradd with a name of its own (gait…) and gets subordinate ids as any account does; its
# password cannot be used. Exit code 77: this cannot be had here, with a line that says why.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin

skip() { printf 'sshd.sh: %s\n' "$1" >&2 && exit 77; }
fail() { printf 'sshd.sh: %s\n' "$1" >&2 && exit 1; }
usage() {
	echo "usage: sshd.sh start FOLDER [NAME=VALUE…] | sshd.sh stop FOLDER (an absolute path)" >&2
	exit 64
}
case "${2:-}" in /*) ;; *) usage ;; esac
verb=$1
folder=$2
shift 2
base=$folder/sshd

# useradd and userdel give up at once where another one has the lock.
patient() { # COMMAND...
	local tries=0
	until "$@" 2>"$base/account.err"; do
		tries=$((tries + 1))
		[ "$tries" -lt 50 ] || fail "$*: $(<"$base/account.err")"
		sleep 0.2
	done
}

make_account() {
	local name
	name=gait$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
	printf '%s\n' "$name" >"$folder/account"
	# Ranges of subordinate ids come with it, as rootless containers need them.
	patient useradd --home-dir "$folder/home" --no-create-home --shell /bin/bash --user-group "$name"
	# A new account is locked, and sshd refuses the keys of such; a star is no lock and matches no password.
	patient usermod -p '*' "$name"
	install -d -m 700 -o "$name" -g "$name" "$folder/home"
}

alive() { [ -s "$base/pid" ] && [ "$(cat "/proc/$(<"$base/pid")/comm" 2>/dev/null)" = sshd ]; }

answers() { ssh-keyscan -T 2 -t ed25519 -p "$1" 127.0.0.1 2>/dev/null | grep -q ed25519; }

launch() { # PORT
	local tries=0
	sed -i "s/^Port .*/Port $1/" "$base/config"
	setsid /usr/sbin/sshd -D -f "$base/config" -E "$base/log" </dev/null >/dev/null 2>&1 9>&- &
	echo $! >"$base/pid"
	until answers "$1"; do
		tries=$((tries + 1))
		alive && [ "$tries" -lt 100 ] || return 1
		sleep 0.05
	done
}

start() {
	local tool port account options='' environment='' word tries=0
	[ "$(id -u)" -eq 0 ] || skip 'needs root, to make an account'
	for tool in sshd ssh-keygen ssh-keyscan useradd userdel python3; do
		command -v "$tool" >/dev/null || skip "$tool is not installed (scripts/setup test)"
	done
	! alive || return 0
	mkdir -p "$base"
	chmod 755 "$folder" "$base"
	install -d -m 755 /run/sshd
	[ -s "$folder/account" ] || make_account
	account=$(<"$folder/account")
	[ -f "$base/host_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -C host -f "$base/host_ed25519"
	[ -f "$folder/id_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -C gaitd -f "$folder/id_ed25519"
	[ -z "${GAIT_SSHD_COMMAND:-}" ] || options="restrict,command=\"$GAIT_SSHD_COMMAND\" "
	printf '%s%s\n' "$options" "$(<"$folder/id_ed25519.pub")" >"$base/authorized_keys"
	chmod 644 "$base/authorized_keys"
	for word in "$@"; do environment+=" $word"; done
	cat >"$base/config" <<-CONF
		Port 0
		ListenAddress 127.0.0.1
		HostKey $base/host_ed25519
		PidFile none
		AuthorizedKeysFile $base/authorized_keys
		AllowUsers $account
		PubkeyAuthentication yes
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		PermitRootLogin no
		UsePAM no
		UseDNS no
		StrictModes no
		X11Forwarding no
		AllowTcpForwarding no
		PrintMotd no
		LogLevel VERBOSE
		MaxStartups 100:30:200
		SetEnv PATH=/usr/local/bin:/usr/bin:/bin$environment
	CONF
	while :; do
		port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
		! launch "$port" || break
		tries=$((tries + 1)) # another one was faster with this port
		[ "$tries" -lt 5 ] || fail "sshd does not come up: $(tail -n 3 "$base/log")"
	done
	printf '%s\n' "$port" >"$folder/port"
	printf '[127.0.0.1]:%s %s\n' "$port" "$(cut -d' ' -f1,2 "$base/host_ed25519.pub")" >"$folder/known_hosts"
}

stop() {
	local account tries=0
	if alive; then
		kill "$(<"$base/pid")"
		while alive; do
			tries=$((tries + 1))
			[ "$tries" -lt 100 ] || fail "sshd ($(<"$base/pid")) does not end"
			sleep 0.05
		done
	fi
	rm -f "$base/pid"
	[ -s "$folder/account" ] || return 0
	account=$(<"$folder/account")
	case $account in gait????????) ;; *) fail "'$account' is not an account of this script" ;; esac
	if id -u "$account" >/dev/null 2>&1; then
		# Whatever runs as it was started through this sshd, or by its jobs.
		for tries in 1 2 3 4 5; do
			ps -o pid= -u "$account" | xargs -r kill -KILL 2>/dev/null || true
			[ -n "$(ps -o pid= -u "$account")" ] || break
			sleep 0.1
		done
		patient userdel "$account"
	fi
	rm -f "$folder/account"
}

case $verb in
start) start "$@" ;;
stop) stop ;;
*) usage ;;
esac
