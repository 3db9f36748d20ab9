// SPDX-License-Identifier: GPL-2.0-or-later

// An HTTP/3 client on quic-go: quicgo CA ADDRESS:PORT SERVER-NAME PATH prints the body.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

func fail(err error) {
	fmt.Fprintln(os.Stderr, "quicgo:", err)
	os.Exit(1)
}

func main() {
	if len(os.Args) != 5 {
		fail(fmt.Errorf("usage: quicgo CA ADDRESS:PORT SERVER-NAME PATH"))
	}
	ca, address, name, path := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	pem, err := os.ReadFile(ca)
	if err != nil {
		fail(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := &http3.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: name},
		Dial: func(ctx context.Context, _ string, t *tls.Config, c *quic.Config) (*quic.Conn, error) {
			return quic.DialAddrEarly(ctx, address, t, c)
		},
	}
	defer transport.Close()
	answer, err := (&http.Client{Transport: transport}).Get("https://" + name + path)
	if err != nil {
		fail(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		fail(fmt.Errorf("status %s", answer.Status))
	}
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		fail(err)
	}
}
