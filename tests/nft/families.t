# ip and ip6 as well as inet; where the kernel has no quic it is refused
*ip type filter hook input priority filter
quic alpn "smb" accept;ok
ip daddr . quic sni { 192.0.2.1 . "a" } accept;ok
*ip6 type filter hook output priority filter
quic sni "*.example.com" accept;ok
ip6 daddr . quic sni { 2001:db8::1 . "a" } accept;ok
*ip type filter hook forward priority filter
quic sni != "a" drop;ok
*inet type filter hook postrouting priority filter
quic version v1 quic ech exists accept;ok
*inet 
quic alpn "reached" accept;ok
*arp type filter hook input priority filter
quic alpn "smb" accept;fail;
*bridge type filter hook input priority filter
quic alpn "smb" accept;fail;
*netdev type filter hook ingress device lo priority filter
quic alpn "smb" accept;fail;
