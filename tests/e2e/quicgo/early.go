// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// patience is how long answers wait for early data that never comes.
const patience = 10 * time.Second

// earlyFirst is a socket that reads no answer before a 0-RTT packet has left. On a busy machine the
// handshake may else be done by the time the request is made, which is then no early data.
type earlyFirst struct {
	net.PacketConn
	left chan struct{}
	once sync.Once
}

func (e *earlyFirst) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case <-e.left:
	case <-time.After(patience):
	}
	return e.PacketConn.ReadFrom(p)
}

func (e *earlyFirst) WriteTo(p []byte, to net.Addr) (int, error) {
	n, err := e.PacketConn.WriteTo(p, to)
	if hasEarly(p) {
		e.once.Do(func() { close(e.left) })
	}
	return n, err
}

// hasEarly tells whether one of a datagram's long headers is of a 0-RTT packet of version 1 (RFC 9000 17.2.3).
func hasEarly(datagram []byte) bool {
	for len(datagram) > 6 && datagram[0]&0x80 != 0 {
		kind := datagram[0] >> 4 & 3
		if kind == 1 {
			return true
		}
		rest := datagram[5:]
		for range 2 { // the two connection IDs
			if len(rest) == 0 || len(rest) <= int(rest[0]) {
				return false
			}
			rest = rest[1+int(rest[0]):]
		}
		if kind == 0 { // an Initial's token
			length, n, err := quicvarint.Parse(rest)
			if err != nil || uint64(len(rest)-n) < length {
				return false
			}
			rest = rest[n+int(length):]
		}
		length, n, err := quicvarint.Parse(rest)
		if err != nil || uint64(len(rest)-n) < length {
			return false
		}
		datagram = rest[n+int(length):]
	}
	return false
}

// dialEarlyFirst connects from such a socket.
func dialEarlyFirst(ctx context.Context, address string, t *tls.Config, q *quic.Config) (*quic.Conn, error) {
	to, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, err
	}
	transport := &quic.Transport{Conn: &earlyFirst{PacketConn: socket, left: make(chan struct{})}}
	return transport.DialEarly(ctx, to, t, q)
}
