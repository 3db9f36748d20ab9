# literals of every key, and what stands beside them
*inet type filter hook prerouting priority raw

quic alpn "smb" accept;ok
quic alpn smb accept;ok;quic alpn "smb" accept
quic alpn == "smb" accept;ok;quic alpn "smb" accept
quic alpn != "smb" accept;ok
quic alpn "*" accept;ok
quic alpn "h3 with blanks" accept;ok
quic alpn "a-name-longer-than-a-register" accept;ok
quic alpn != "a-name-longer-than-a-register" accept;ok
quic alpn 0x0a0a accept;ok
quic alpn 0x736d62 accept;ok;quic alpn "smb" accept
quic alpn 0x736d6200 accept;ok
quic sni "fs.example.com" accept;ok
quic sni "FS.Example.COM." accept;ok;quic sni "fs.example.com" accept
quic sni fs.example.com accept;ok;quic sni "fs.example.com" accept
quic sni "*.example.com" accept;ok
quic sni "*" accept;ok
quic sni != "*.example.com" drop;ok
quic sni "a234567890123456789012345678901234567890123456789012345678901234" accept;ok
quic sni "a2345678901234567890123456789012345678901234567890123456789012345" accept;ok
quic dcid 0x0123456789abcdef accept;ok
quic dcid 0x1200 accept;ok
quic dcid != 0x0011223344556677889900112233445566778899 accept;ok
quic scid 0x accept;ok
quic scid != 0x00 accept;ok
quic version v1 accept;ok
quic version v2 accept;ok
quic version draft-29 accept;ok
quic version 1 accept;ok;quic version v1 accept
quic version 0x51303433 accept;ok
quic version != v1 drop;ok
quic version { v1, v2 } accept;ok
quic version { draft-27-draft-29, v1 } accept;ok;quic version { v1, 0xff00001b-0xff00001d } accept
quic version vmap { v1 : accept, 0xff000000-0xffffffff : drop };ok
quic type initial accept;ok
quic type 0rtt accept;ok
quic type != handshake drop;ok
quic type { retry, version-negotiation, short } drop;ok
quic ech exists accept;ok
quic ech missing drop;ok
quic hello exists accept;ok
quic hello missing drop;ok
quic hello != missing accept;ok
quic state new accept;ok
quic state != established drop;ok
quic state { established, moved } accept;ok
quic state unknown drop;ok
quic state 1 accept;ok;quic state established accept
quic state vmap { new : accept, unknown : drop };ok
quic version & 0x0f0f0f0f == 0x0a0a0a0a accept;ok
quic version & 0xff == 1 accept;ok;quic version & 0x000000ff == 0x00000001 accept
quic version & 0xff00ff != 0xff001d drop;ok;quic version & 0x00ff00ff != 0x00ff001d drop
quic server-id 8443 accept;ok
quic server-id 0x20fb accept;ok;quic server-id 8443 accept
quic server-id != 0x0001 drop;ok;quic server-id != 1 drop
quic server-id > 1023 accept;ok
quic server-id 0x07 accept;ok
quic server-id 0x000203 accept;ok
quic server-id 0x8000000000000001 accept;ok
quic server-id 0x010203040506070809101112131415 accept;ok
quic server-id & 0xff00 == 0x2000 accept;ok
quic server-id & 0xf0ff0f != 0x100203 accept;ok
quic dcid & 0xffffffffffffffff == 0xf102030405060708 accept;ok;quic dcid,64 0xf102030405060708 accept
quic dcid,64 != 0x0000000000000001 drop;ok
quic dcid,160 0x12 accept;ok;quic dcid 0x12 accept
quic dcid & 0x80 == 0x80 accept;ok
quic scid & 0xffff00ff == 0x01020003 accept;ok
udp dport 443 quic alpn "h3" counter accept;ok
ip saddr 10.0.0.0/8 udp dport { 443, 8443 } quic sni "a.example" quic alpn "h3" log prefix "quic alpn " drop;ok
quic alpn "h3" meta mark set 0x00000010;ok
quic alpn "h3" ct mark set 0x00000010;ok
meta mark 0x00000001 quic sni "a" limit rate 1/second burst 3 packets drop comment "quic sni";ok
quic alpn "h3" jump quic;fail;No such file or directory
quic foo "x" accept;fail;unknown quic key "foo"
quic alpn 0xff accept;ok
quic alpn "a'b, {c} $d @e; # f" accept;ok
quic alpn "日本" accept;ok
quic alpn 0x612262 accept;ok
quic version "v1" accept;ok;quic version v1 accept
quic type { "initial", 0rtt } accept;ok;quic type { initial, 0rtt } accept
quic alpn 5 accept;fail;expected a quoted name
quic accept;fail;unknown quic key "accept"
quic version v1-v9 accept;fail;expected v1
quic version v1/33 accept;fail;expected v1
quic alpn "a"-"b" accept;fail;a range is not possible
quic alpn > "a" accept;fail;only == and !=
quic sni & 0xff == 1 accept;fail;only == and !=
quic sni ~ "a.*" accept;fail;a regular expression
quic alpn "" accept;fail;empty name
quic sni "a..b" accept;fail;empty label
quic sni "a.*.b" accept;fail;a star
quic sni "*.a" "b" accept;fail;syntax error
quic sni 5 accept;fail;expected a quoted name
quic dcid "a" accept;fail;expected 0x
quic dcid 0x123 accept;fail;even number
quic version v9 accept;fail;expected v1
quic version 0x1ffffffff accept;fail;exceeds
quic type foo accept;fail;expected initial
quic server-id "a" accept;fail;expected 0x and two hex digits
quic server-id 0x123 accept;fail;expected 0x and two hex digits
quic server-id 70000 accept;fail;expected 0x and two hex digits
quic server-id 0x01020304050607080910111213141516 accept;fail;are compared
quic server-id,32 8443 accept;fail;has 2 bytes, 4 are compared
quic server-id,33 1 accept;fail;syntax error
quic server-id & 0xfff == 0x123 accept;fail;a mask is 0x
quic dcid & 0x01020304050607080910111213141516 == 0 accept;fail;at most 15
quic dcid | 0x0f == 0x0f accept;fail;only == and !=
quic type 300 accept;fail;too large
quic state closed accept;fail;expected new, established, moved or unknown
quic ech 2 accept;ok;quic ech 2 accept
