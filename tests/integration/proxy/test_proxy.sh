#!/usr/bin/env bash
# The proxy settings that ship (docs/proxy) under real programs: test_proxy.sh nginx|caddy SOURCE_DIR SERVER
# SERVER is bench_httpd: the project's HTTP layer with a few sinks. Exit 77 where the proxy is not installed.
set -euo pipefail
proxy=$1 source=$2 server=$3

command -v "$proxy" >/dev/null || { echo "skipped: $proxy is not installed (scripts/setup installs it)"; exit 77; }
command -v curl >/dev/null || { echo "skipped: curl is not installed"; exit 77; }

dir=$(mktemp -d)
pids=()
stop_all() {
	local pid
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
	rm -rf "$dir"
}
trap stop_all EXIT
fail() {
	echo "FAIL ($proxy): $*" >&2
	tail -n 20 "$dir"/*.log >&2 || true
	exit 1
}

# until_true SECONDS COMMAND…: repeat until it succeeds
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || return 1
		read -r -t 0.05 <> <(:) || true
	done
}

# A port that is free now: a server that binds 0 says which, and ends with its standard input.
free_port() {
	"$server" 0 </dev/null | sed -n 's/^port //p'
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=gait.example.org \
	-addext subjectAltName=DNS:gait.example.org -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null

mkfifo "$dir/stdin" # bench_httpd ends with its standard input: with this script, whatever happens
"$server" 0 "$dir" 127.0.0.1 <>"$dir/stdin" >"$dir/server.out" 2>"$dir/server.log" &
pids+=($!)
until_true 10 grep -q '^port ' "$dir/server.out" || fail "the server does not start"
upstream=$(sed -n 's/^port //p' "$dir/server.out")
port=$(free_port)
plain=$(free_port)

# The shipped file with this machine's values in place of the example's.
localized() {
	sed -e "s|/etc/ssl/gaitd|$dir|g" -e "s|127\.0\.0\.1:8080|127.0.0.1:$upstream|g" "$1"
}

start_nginx() {
	localized "$source/docs/proxy/nginx.conf" |
		sed -e "/listen \[::\]/d" -e "s|listen 443|listen 127.0.0.1:$port|" -e "s|listen 80|listen 127.0.0.1:$plain|" \
			>"$dir/gaitd.conf"
	cat >"$dir/nginx.conf" <<-END
		worker_processes 1;
		daemon off;
		master_process off;
		pid $dir/nginx.pid;
		error_log $dir/nginx.log info;
		events { worker_connections 256; }
		http {
			access_log off;
			client_body_temp_path $dir/body; proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/f;
			uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
			include $dir/gaitd.conf;
		}
	END
	nginx -t -q -c "$dir/nginx.conf" 2>"$dir/nginx-test.log" || fail "nginx refuses the settings"
	nginx -c "$dir/nginx.conf" 2>>"$dir/nginx.log" &
	pids+=($!)
}

start_caddy() {
	{
		printf '{\n\tadmin off\n\tauto_https off\n}\n'
		localized "$source/docs/proxy/Caddyfile" |
			sed -e "s|^https://gait.example.org {|https://gait.example.org:$port {\n\tbind 127.0.0.1|"
	} >"$dir/Caddyfile"
	HOME=$dir XDG_DATA_HOME=$dir XDG_CONFIG_HOME=$dir caddy run --config "$dir/Caddyfile" --adapter caddyfile \
		>"$dir/caddy.log" 2>&1 &
	pids+=($!)
}

"start_$proxy"
ask() {
	curl -sS --max-time 60 --cacert "$dir/cert.pem" --resolve "gait.example.org:$port:127.0.0.1" "$@"
}
base=https://gait.example.org:$port/api/v1
until_true 20 ask -f "$base/status" || fail "no answer through the proxy"

# Who asks is what the proxy sees, not what the client claims.
said=$(ask -H 'X-Forwarded-For: 203.0.113.9' -H 'Forwarded: for=203.0.113.9' "$base/whoami")
[[ $said == "client=127.0.0.1 proto=https host=gait.example.org:$port forwarded=-" ]] || fail "whoami: $said"

# The server's headers arrive.
ask -D "$dir/head" -o /dev/null "$base/status"
grep -qi '^x-content-type-options: nosniff' "$dir/head" || fail "no security headers"
grep -qi '^x-request-id: req_' "$dir/head" || fail "no request id"

# An upload of 48 MB, by HTTP/1.1 and by what the proxy prefers (HTTP/2), streams through whole.
head -c 50331648 /dev/urandom >"$dir/video"
for version in --http1.1 --http2; do
	got=$(ask "$version" -F "f=@$dir/video;type=video/mp4" "$base/disk")
	[[ $got == '{"bytes":50331648}' ]] || fail "upload $version: $got"
done

# A refused upload reads the server's own answer.
for version in --http1.1 --http2; do
	status=$(ask "$version" -o "$dir/answer" -w '%{http_code}' -H 'Expect:' -F "f=@$dir/video" "$base/limited" || true)
	[[ $status == 413 ]] || fail "refused upload $version: $status"
	grep -q '"type":"urn:gaitd:error:too-large"' "$dir/answer" || fail "refusal is not ours: $(cat "$dir/answer")"
done

# Request bodies are not held back: the refusal of a gigabyte comes when a small part of it has been sent.
for version in --http1.1 --http2; do
	read -r status sent < <(head -c 1000000000 /dev/zero | ask -s "$version" -o "$dir/answer" \
		-w '%{http_code} %{size_upload}\n' -H 'Expect:' -H 'Content-Type: text/plain' -X POST -T - "$base/null" || true)
	[[ $status == 415 ]] || fail "refused type $version: $status"
	((sent < 500000000)) || fail "refused type $version: only after $sent bytes"
done

# Event streams arrive as they happen, by both versions.
for version in --http1.1 --http2; do
	ask "$version" -N "$base/events" >"$dir/events" 2>>"$dir/curl.log" &
	stream=$!
	until_true 10 grep -q '^:' "$dir/events" || fail "the event stream $version does not begin"
	ask -X POST -d '' "$base/publish"
	until_true 5 grep -q '^event: news' "$dir/events" || fail "the event $version does not arrive"
	kill "$stream" 2>/dev/null || true
	wait "$stream" 2>/dev/null || true
done

# ETags survive.
tag=$(ask -D - -o /dev/null "$base/etag" | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
[[ $(ask -o /dev/null -w '%{http_code}' -H "If-None-Match: $tag" "$base/etag") == 304 ]] || fail "no 304 for $tag"

if [[ $proxy == nginx ]]; then
	said=$(curl -sS -o /dev/null -w '%{http_code} %{redirect_url}' -H 'Host: gait.example.org' "http://127.0.0.1:$plain/x")
	[[ $said == "308 https://gait.example.org/x" ]] || fail "plain HTTP: $said"
	[[ -z $(find "$dir/body" -type f 2>/dev/null) ]] || fail "nginx buffered a body on disk"
fi
echo "OK: $proxy"
