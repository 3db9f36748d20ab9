# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# For findings/*.sh, after debian.sh and servers.sh: smbd in the root, with the certificate of servers.sh

# samba_conf LINE - in the root, /tmp/smb.conf with this line and a share that guests may read
samba_conf() {
	grep -q ^nobody "$tmp/root/etc/passwd" || echo nobody:x:65534:65534::/:/bin/sh >>"$tmp/root/etc/passwd"
	chmod 600 "$tmp/root/tmp/key.pem"
	mkdir -p "$tmp/root/tmp/smb/private" "$tmp/root/tmp/files"
	cat >"$tmp/root/tmp/smb.conf" <<-end
		[global]
			server role = standalone server
			$1
			map to guest = bad user
			tls enabled = yes
			tls certfile = /tmp/cert.pem
			tls keyfile = /tmp/key.pem
			tls cafile = /tmp/cert.pem
			disable netbios = yes
			private dir = /tmp/smb/private
			lock directory = /tmp/smb
			state directory = /tmp/smb
			cache directory = /tmp/smb
			pid directory = /tmp/smb
			ncalrpc dir = /tmp/smb/rpc
			log file = /tmp/smb/log
			load printers = no
		[files]
			path = /tmp/files
			guest ok = yes
	end
}

# with_smbd CMD... - run CMD beside smbd, once it listens on TCP port 445; what smbd says is /tmp/log in the root
with_smbd() {
	in_root sh -c 'smbd --foreground --debug-stdout -s /tmp/smb.conf >/tmp/log 2>&1 & server=$!
		listening() {
			for kind in tcp:0A udp:07; do
				sed -n "s/^ *[0-9]*: [0-9A-F]*:\([0-9A-F]*\) [0-9A-F:]* ${kind#*:} .*/${kind%:*} \1/p" "/proc/net/${kind%:*}"
			done
		}
		n=0; until listening | grep -q "tcp 01BD" || [ $n = 100 ]; do sleep 0.2; n=$((n + 1)); done
		"$@"; kill "$server"; wait "$server" 2>/dev/null || true' sh "$@"
}
