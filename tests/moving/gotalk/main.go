// SPDX-License-Identifier: GPL-2.0-or-later

// An HTTP/3 client on quic-go that is told what to do, line by line:
//
//	gotalk CA ADDRESS:PORT
//
//	ask NAME PATH   "ok BODY" of this path of that server
//	sum NAME PATH   "ok SHA-256"
//	many NAME PATH  as ask, a hundred times
//
// The first line is "ready". "error WHY" instead if it does not work, also if a server had to be
// connected to again. It has one http3.Transport and one UDP socket for all servers, as quic-go does by default.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotalk:", err)
		os.Exit(1)
	}
}

type talk struct {
	h3   http3.Transport
	seen map[string]bool
}

func (t *talk) do(words []string) (string, error) {
	if len(words) != 3 {
		return "", fmt.Errorf("ask|sum|many NAME PATH")
	}
	for i := 1; words[0] == "many" && i < 100; i++ {
		if said, err := t.get(words); err != nil {
			return said, err
		}
	}
	return t.get(words)
}

func (t *talk) get(words []string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", "https://"+words[1]+words[2], nil)
	if err != nil {
		return "", err
	}
	answer, err := t.h3.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	if answer.StatusCode != 200 {
		return "", fmt.Errorf("status %s", answer.Status)
	}
	if words[0] == "sum" {
		return fmt.Sprintf("%x", sha256.Sum256(body)), nil
	}
	return strings.TrimSpace(string(body)), nil
}

func main() {
	if len(os.Args) != 3 {
		check(fmt.Errorf("usage: gotalk CA ADDRESS:PORT"))
	}
	pem, err := os.ReadFile(os.Args[1])
	check(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	peer, err := net.ResolveUDPAddr("udp", os.Args[2])
	check(err)
	socket, err := net.ListenUDP("udp", &net.UDPAddr{})
	check(err)
	transport := &quic.Transport{Conn: socket}

	t := &talk{seen: map[string]bool{}}
	t.h3.TLSClientConfig = &tls.Config{RootCAs: pool}
	t.h3.QUICConfig = &quic.Config{MaxIdleTimeout: 2 * time.Minute, HandshakeIdleTimeout: 30 * time.Second,
		KeepAlivePeriod: 10 * time.Second}
	t.h3.Dial = func(ctx context.Context, name string, c *tls.Config, q *quic.Config) (*quic.Conn, error) {
		if t.seen[name] {
			return nil, fmt.Errorf("the connection to %s has ended", name)
		}
		t.seen[name] = true
		return transport.DialEarly(ctx, peer, c, q)
	}
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if said, err := t.do(strings.Fields(in.Text())); err != nil {
			fmt.Println("error", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("ok", said)
		}
	}
}
