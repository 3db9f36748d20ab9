# sets, maps and vmaps, anonymous and named
*inet type nat hook prerouting priority dstnat
!add set inet t names { typeof quic sni; elements = { "a.example.com", "*.b.example", "*" }; }
!add map inet t ports { typeof quic alpn : udp dport; elements = { "smb" : 8443 }; }
!add map inet t addrs { typeof quic sni : ip daddr; elements = { "a" : 192.0.2.1 }; }
!add map inet t marks { typeof quic alpn : meta mark; elements = { "h3" : 0x10 }; }
!add map inet t hosts { typeof quic sni : verdict; elements = { "a" : drop }; }
!add set inet t pair { typeof quic alpn . quic sni; elements = { "smb" . "fs" }; }
!add set inet t dsts { typeof ip daddr . quic sni; elements = { 192.0.2.1 . "a" }; }
!add set inet t seen { typeof quic sni; size 100; flags dynamic,timeout; timeout 1m; }
!add set inet t seen2 { typeof ip saddr . quic alpn; size 100; flags dynamic; }
!add set inet t cids { typeof quic dcid; elements = { 0x0123456789, 0xaa }; }
!add set inet t vers { typeof quic version; elements = { v1, v2 }; }
!add map inet t to { typeof quic sni : ip daddr . udp dport; elements = { "a" : 192.0.2.1 . 4433, "*" : 192.0.2.2 . 443 }; }
!add set inet t net { typeof quic alpn . ip saddr; flags interval; elements = { "h3" . 10.0.0.0/8, "doq" . 192.0.2.1-192.0.2.9 }; }
!add set inet t iface { typeof iifname . quic sni; elements = { "eth0" . "a" }; }
!add set inet t private { type inet_service; elements = { 4433, 8443 }; }
!add map inet t moved { type inet_service : inet_service; elements = { 8443 : 9000 }; }
!add set inet t pairs { type inet_service . ipv4_addr; elements = { 8443 . 192.0.2.1 }; }
!add set inet t sids { typeof quic server-id; elements = { 8443, 0x1151 }; }
!add map inet t wide { typeof quic server-id,32 : verdict; elements = { 0x00000001 : accept, 0x20fb0000 : drop }; }
!add set inet t widepair { typeof ip saddr . quic server-id,24; elements = { 192.0.2.1 . 0x000102 }; }
!add map inet t cookies { typeof quic dcid,64 : udp dport; elements = { 0xf102030405060708 : 443 }; }
!add set inet t shortid { typeof quic sni . quic scid,16; elements = { "a" . 0x0102 }; }
!add set inet t seen3 { type inet_service; size 100; flags dynamic; }
!add set inet t seen4 { typeof quic server-id,32; size 100; flags dynamic,timeout; }
!add chain inet t smb

quic alpn { "h3", "h3-29" } accept;ok
quic alpn { h3, "doq" } accept;ok;quic alpn { "doq", "h3" } accept
quic alpn { "one" } accept;ok;quic alpn "one" accept
quic alpn != { "h3", "h3-29" } drop;ok
quic sni { "*.example.com", "a.example.com" } quic alpn { "h3", "smb" } accept;ok
quic sni @names accept;ok
quic sni != @names drop;ok
quic dcid @cids drop;ok
quic version @vers accept;ok
quic sni vmap @hosts;ok
quic sni vmap { "*" : drop, "a" : accept, "b" : jump smb };ok
quic version vmap { v1 : accept, v2 : drop };ok
udp dport 443 redirect to :quic alpn map { "doq" : 8853, "h3" : 4433, "smb" : 8443 };ok
udp dport 443 redirect to :quic alpn map @ports;ok
meta nfproto ipv4 udp dport 443 dnat ip to quic sni map @addrs;ok
udp dport 443 dnat ip to quic sni map { "a" : 192.0.2.1, "b" : 192.0.2.2 };ok
meta mark set quic alpn map @marks;ok
meta mark set quic alpn map { "h3" : 0x00000010, "smb" : 0x00000020 };ok
quic alpn . quic sni @pair accept;ok
quic alpn . quic sni { "h3" . "a", "smb" . "fs.example.com" } accept;ok
quic alpn . quic sni vmap { "h3" . "*" : drop, "smb" . "fs.example.com" : goto smb };ok
ip daddr . quic sni @dsts accept;ok
ip daddr . quic sni { 192.0.2.1 . "a.example" } accept;ok
ip daddr . quic sni vmap { 192.0.2.1 . "a" : accept, 192.0.2.2 . "b" : drop };ok
ip6 daddr . quic sni { 2001:db8::1 . "a.example" } accept;ok
quic alpn . ip daddr . udp dport { "h3" . 192.0.2.1 . 443 } accept;ok
meta l4proto . quic alpn { udp . "h3" } accept;ok
iifname . quic sni { "eth0" . "a" } accept;ok
quic version . quic type { v1 . initial, v2 . initial } accept;ok
meta nfproto ipv4 udp dport 443 dnat ip to quic sni map @to;ok
udp dport 443 dnat ip to quic sni map { "a" : 192.0.2.1 . 4433, "b" : 192.0.2.2 . 443 };ok
meta l4proto udp dnat ip to 192.0.2.1:quic alpn map @ports;ok
quic alpn . ip saddr @net accept;ok
quic alpn . ip saddr { "h3" . 10.0.0.0/8 } accept;ok
iifname . quic sni @iface accept;ok
fib daddr . iif type . quic alpn { local . "h3" } accept;ok
quic alpn { "a'b", "a, b", "{ x }", "$x", "@x", "# no", "a;b", 0x0a, 0x22, 0xff } accept;ok;quic alpn { 0x0a, 0x22, "# no", "$x", "@x", "a'b", "a, b", "a;b", "{ x }", 0xff } accept
quic sni vmap { "quic" : accept, "timeout" : drop };ok
update @seen { quic sni counter };ok
add @seen { quic sni };ok
update @seen { quic sni timeout 5m };ok
add @seen { quic sni limit rate 1/second burst 3 packets };ok
update @seen2 { ip saddr . quic alpn };ok
quic dcid { 0x3132, 0x41424344 } drop;ok
meta mark set quic alpn . quic sni map { "h3" . "a" : 0x00000001, "smb" . "fs.example.com" : 0x00000002 };ok
meta mark set quic alpn . ip saddr map { "h3" . 10.0.0.1 : 0x00000001 };ok
meta priority set quic alpn . udp dport map { "h3" . 443 : 1:1, "smb" . 444 : 1:2 };ok
ct zone set quic alpn . quic sni map { "h3" . "a" : 5, "smb" . "b" : 6 };ok
udp dport 443 redirect to :quic alpn . quic sni map { "h3" . "a" : 4433, "smb" . "fs.example.com" : 8443 };ok
udp dport 443 dnat ip to quic alpn . quic sni map { "h3" . "a" : 192.0.2.1 . 4433, "smb" . "b" : 192.0.2.2 . 8443 };ok
jhash quic dcid mod 2 vmap { 0 : accept, 1 : drop };ok
meta mark set jhash quic alpn . quic dcid mod 2 map { 0 : 0x00000001, 1 : 0x00000002 };ok

quic alpn { "a234567890123456x" } accept;fail;too long for a set
quic sni { "a2345678901234567890123456789012345678901234567890123456789012345" } accept;fail;too long for a set
quic alpn . quic sni { "h3" . "a23456789012345678901234567890123456789012345678x" } accept;fail;too long for a concatenation
quic alpn @nosuch accept;fail;No such file
quic sni vmap { "a" : 5 };fail;
quic alpn . quic sni . ip saddr @names accept;fail;too long
quic alpn { "a"-"b" } accept;fail;a range is not possible
ip saddr . quic sni { 10.0.0.0/8 . "a" } accept;fail;parts of at most 16 bytes
quic alpn . ip saddr . udp dport . meta mark . ct mark { "h3" . 192.0.2.1 . 443 . 1 . 1 } accept;fail;of 5 parts
quic alpn . quic sni "h3" . "a" accept;fail;compared with a set
meta mark set jhash quic sni mod 2;fail;64 bytes are too long
meta mark set jhash quic sni . quic alpn mod 2;fail;at most 48
udp dport 443 dnat ip to 192.0.2.1:quic alpn . quic sni map { "h3" . "a" : 1 };fail;at most 48
meter m { quic sni limit rate 1/second } drop;fail;not possible in a meter
quic server-id { 4433, 8443 } accept;ok
quic server-id { 0x000001, 0x010203 } accept;ok
quic server-id { 1-1023, 0x20fb } drop;ok;quic server-id { 1-1023, 8443 } drop
quic server-id != { 0x00000001, 0xffffffff } drop;ok
quic server-id vmap { 0x20fb : accept, 443 : drop };ok;quic server-id vmap { 443 : drop, 8443 : accept }
quic server-id . ip saddr { 0x010203 . 192.0.2.1 } accept;ok
ip saddr . quic server-id vmap { 192.0.2.1 . 8443 : accept };ok
quic server-id & 0xff00 vmap { 0x2000 : accept };ok
quic server-id & 0xf00000ff { 0x10000001, 0x20000002 } accept;ok;quic server-id & 0xf00000ff == { 0x10000001, 0x20000002 } accept
udp dport 443 quic server-id @private accept;ok
udp dport 443 quic server-id != @private drop;ok
quic server-id @sids accept;ok
quic server-id vmap @wide;ok
udp dport 443 quic server-id . ip saddr @pairs accept;ok
ip saddr . quic server-id @widepair accept;ok
udp dport . ip saddr @pairs ip daddr . quic sni { 192.0.2.1 . "a" } accept;ok
udp dport . ip saddr @pairs ip saddr . quic server-id @widepair accept;ok
quic sni . quic scid @shortid accept;ok
quic sni . quic scid,16 != @shortid drop;ok;quic sni . quic scid != @shortid drop
quic dcid vmap { 0x3132 : accept };ok
udp dport 443 redirect to :quic dcid map @cookies;ok
udp dport 443 redirect to :quic dcid & 0xffffffffffffffff map @cookies;ok;udp dport 443 redirect to :quic dcid map @cookies
quic dcid,16 { 0x0102, 0x0304 } accept;ok
quic dcid & 0xff0f { 0x0102, 0x0304 } accept;ok;quic dcid & 0xff0f == { 0x0102, 0x0304 } accept
udp sport @private udp dport 443 quic server-id @private accept;ok
udp dport 443 quic server-id @private redirect to :quic server-id;ok
udp dport 443 redirect to :quic server-id map @moved;ok
udp dport 443 redirect to :quic server-id map { 443 : 4433, 8443 : 9000 };ok
meta l4proto udp dnat ip to 192.0.2.1:quic server-id;ok
meta l4proto udp dnat ip to 192.0.2.1:quic server-id map @moved;ok
udp dport 443 add @seen3 { quic server-id };ok
update @seen4 { quic server-id timeout 1m };ok;update @seen4 { quic server-id,32 timeout 1m }
quic alpn . quic server-id { "h3" . 8443 } accept;ok

quic alpn @names accept;fail;
quic server-id { 8443, 0x010203 } accept;fail;has 3 bytes, 2 are compared
quic server-id @names accept;fail;the set is of quic sni
quic server-id @cookies accept;fail;the set is of quic dcid, 64 bits
quic dcid,32 vmap @cookies;fail;the set is of quic dcid, 64 bits
quic dcid & 0xff @cids accept;fail;the set is of quic dcid, 160 bits
quic dcid,64 { 0x01 } accept;fail;has 1 byte, 8 are compared
