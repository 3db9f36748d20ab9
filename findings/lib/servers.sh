# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# For findings/*.sh, after debian.sh: QUIC servers on 127.0.0.1:4433 in the root, and the client lib/client.py

# certificate - a key and a self-signed certificate of a.example, and client.py, in the root's /tmp
certificate() {
	cp "$(dirname "$0")/lib/client.py" "$tmp/root/tmp"
	openssl_said=$(in_root openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj /CN=a.example -keyout /tmp/key.pem -out /tmp/cert.pem 2>&1) || { echo "$openssl_said" >&2; exit 2; }
}

# with_client ALPN CHANGES SERVER... - run client.py beside a server, which ends with it; CHANGES may have LENGTH behind it
with_client() {
	# The client repeats its first flight until the server is there.
	in_root sh -c 'alpn=$1 changes=$2; shift 2; "$@" >/tmp/log 2>&1 & server=$!
		python3 /tmp/client.py 4433 "$alpn" $changes 2>&1; { kill "$server"; wait "$server"; } 2>/dev/null || true' sh "$@"
}

# nginx, caddy, knot, haproxy ALPN CHANGES - with_client, and this server by one worker
nginx() {
	nginx_conf
	with_client "$1" "$2" nginx -g 'daemon off;' -c /tmp/nginx.conf
}

caddy() {
	cat >"$tmp/root/tmp/Caddyfile" <<-'end'
		{
			admin off
			auto_https off
		}
		https://a.example:4433 {
			tls /tmp/cert.pem /tmp/key.pem
			respond "hello"
		}
	end
	with_client "$1" "$2" env HOME=/tmp caddy run --config /tmp/Caddyfile
}

knot() {
	mkdir -p "$tmp/root/tmp/knot"
	cat >"$tmp/root/tmp/knot.conf" <<-'end'
		server:
		  rundir: /tmp/knot
		  listen-quic: 127.0.0.1@4433
		  udp-workers: 1
		  cert-file: /tmp/cert.pem
		  key-file: /tmp/key.pem
		database:
		  storage: /tmp/knot
	end
	with_client "$1" "$2" knotd -c /tmp/knot.conf
}

haproxy() {
	cat "$tmp/root/tmp/cert.pem" "$tmp/root/tmp/key.pem" >"$tmp/root/tmp/both.pem"
	cat >"$tmp/root/tmp/haproxy.cfg" <<-'end'
		global
			limited-quic
		defaults
			mode http
			timeout client 60s
			timeout connect 5s
			timeout server 60s
		frontend web
			bind quic4@127.0.0.1:4433 ssl crt /tmp/both.pem alpn h3
			http-request return status 200
	end
	with_client "$1" "$2" haproxy -f /tmp/haproxy.cfg
}

# nginx_conf - in the root, /tmp/nginx.conf
nginx_conf() {
	cat >"$tmp/root/tmp/nginx.conf" <<-'end'
		pid /tmp/pid; error_log /tmp/error.log; user root; worker_processes 1;
		events { }
		http {
			access_log off;
			server {
				listen 127.0.0.1:4433 quic reuseport;
				ssl_certificate /tmp/cert.pem;
				ssl_certificate_key /tmp/key.pem;
			}
		}
	end
}
