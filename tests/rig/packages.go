# The Go root: builds the client of quic-go.
pin BACKPORTS golang-*
golang-go
golang-github-lucas-clemente-quic-go-dev
busybox-static
make
