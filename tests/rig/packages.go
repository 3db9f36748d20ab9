# The Go root: builds the client of quic-go.
pin BACKPORTS src:golang-github-lucas-clemente-quic-go src:golang-defaults src:golang-1.24 src:golang-1.25 src:golang-1.26
golang-go
golang-github-lucas-clemente-quic-go-dev
busybox-static
make
