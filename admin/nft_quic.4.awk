# SPDX-License-Identifier: GPL-2.0-or-later
# nft_quic(4) from the tables of kmod/README.md: awk -v version=0.1 -f nft_quic.4.awk kmod/README.md

function text(s,	out, link) {
	gsub(/\\/, "\\e", s)
	gsub(/-/, "\\-", s)
	while (match(s, /`[^`]*`/)) {
		out = out substr(s, 1, RSTART - 1) "\\fB" substr(s, RSTART + 1, RLENGTH - 2) "\\fR"
		s = substr(s, RSTART + RLENGTH)
	}
	s = out s
	# the manual has no such section, and no links
	gsub(/, see \[[^]]*\]\([^)]*\)/, "", s)
	while (match(s, /\[[^]]*\]\([^)]*\)/)) {
		link = substr(s, RSTART + 1, RLENGTH)
		sub(/\].*/, "", link)
		s = substr(s, 1, RSTART - 1) link substr(s, RSTART + RLENGTH)
	}
	gsub(/\*\*/, "", s)
	sub(/^\./, "\\\\\\&.", s)
	return s
}

BEGIN {
	print ".\\\" SPDX-License" "-Identifier: GPL-2.0-or-later"
	print ".\\\" made by nft_quic.4.awk from the tables of kmod/README.md"
	print ".TH NFT_QUIC 4 \"\" \"nft-quic " version "\" \"Kernel Interfaces\""
	print ".SH NAME\nnft_quic \\- kernel module with the nftables expression quic"
	print ".SH DESCRIPTION\nThe module reads QUIC Initials up to the end of the TLS ClientHello, so that rules of"
	print ".BR nft (8)\nchoose by ALPN, SNI and connection IDs; the words are in\n.BR nft\\-quic (7)."
	print "The first rule with\n.B quic\nloads it."
}

/^## / {
	section = $0
	table = 0
}

section == "## Limits" && /^\| name \| default \| range/ {
	print ".SH SYSCTLS\nIn /proc/sys/net/netfilter/nft_quic/, for each network namespace. Module parameters of the same"
	print "names, given when the module is loaded, set what namespaces begin with. In a namespace of an unprivileged user\n.B overload"
	print "alone can be changed. Default, and range:"
	table = "limit"
	next
}

section == "## Limits" && /^\| parameter \| default/ {
	print ".SH MODULE PARAMETERS\nBeside those of the names above, for all namespaces of unprivileged users together, at any time; and"
	print ".TP\n\\fBsimd\\fR\n1; 0, which counts when the module is loaded, leaves the processor's vector instructions alone"
	table = "parameter"
	next
}

section == "## Counters" && /^\| \| \|/ {
	print ".SH COUNTERS\nIn /proc/net/stat/nft_quic, for each network namespace: a line of names and a line of hexadecimal"
	print "numbers, as\n.B lnstat \\-f nft_quic\nreads them. Datagrams, unless it says otherwise."
	table = "counter"
	next
}

table && /^\| ---/ {
	next
}

table && /^\| / {
	line = $0
	gsub(/^\| | \|$/, "", line)
	n = split(line, cell, / \| /)
	print ".TP\n" text(cell[1])
	if (table == "limit")
		print text(cell[2]) " (" text(cell[3]) "); " text(cell[4])
	else if (table == "parameter")
		print text(cell[2]) "; " text(cell[3])
	else
		print text(cell[2])
	next
}

{
	table = 0
}

END {
	print ".SH FILES\n.TP\n.I /proc/net/nft_quic\nThe addresses and ports that rules ask for, a line for each; packets to others pass"
	print "unread. Root alone can read it."
	print ".TP\n.I /proc/net/nft_quic_conns\nThe connections that are followed, a line for each, for root with CAP_NET_ADMIN: confirmed, or answered"
	print "until the client has used its server\\(aqs ID; ip or ip6; the ports of its first path; numbers of paths and IDs; seconds since"
	print "its server\\(aqs first answer, since its client\\(aqs last packet, and without one until it ends; the names, and a last word"
	print "ech if it has encrypted_client_hello. IDs and addresses are not kept."
	print ".SH SEE ALSO\n.BR nft\\-quic (7),\n.BR nft\\-quic (8),\n.BR nft (8),\n.BR modprobe.d (5)"
}
