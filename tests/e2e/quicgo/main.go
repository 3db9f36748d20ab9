// SPDX-License-Identifier: GPL-2.0-or-later

// An HTTP/3 client on quic-go:
//
//	quicgo CA ADDRESS:PORT SERVER-NAME page FILE     print /, send FILE to /echo and compare
//	quicgo CA ADDRESS:PORT SERVER-NAME idle SECONDS  print /, ask again after so long
//	quicgo CA ADDRESS:PORT SERVER-NAME early         print /, ask again in another connection's early data
//	quicgo CA ADDRESS:PORT SERVER-NAME sum PATH      print PATH's SHA-256
//	quicgo CA ADDRESS:PORT SERVER-NAME save DIRECTORY PATH...  all at the same time, as files of these names
//
// SSLKEYLOGFILE names a file for the secrets.
//
// Exit status 0 if all went well.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "quicgo:", err)
		os.Exit(1)
	}
}

// client is one connection at a time, and a count of how many there were.
type client struct {
	http3.Transport
	name  string
	conn  *quic.Conn
	dials int
}

type dialer func(context.Context, string, *tls.Config, *quic.Config) (*quic.Conn, error)

func connectTo(address, name string, t *tls.Config, dial dialer) *client {
	c := &client{name: name}
	c.TLSClientConfig = t
	c.QUICConfig = &quic.Config{MaxIdleTimeout: 3 * time.Minute, HandshakeIdleTimeout: time.Minute}
	c.Dial = func(ctx context.Context, _ string, t *tls.Config, q *quic.Config) (*quic.Conn, error) {
		conn, err := dial(ctx, address, t, q)
		c.conn = conn
		c.dials++
		return conn, err
	}
	return c
}

func (c *client) ask(method, path string, body []byte, to io.Writer) {
	request, err := http.NewRequest(method, "https://"+c.name+path, bytes.NewReader(body))
	check(err)
	answer, err := c.RoundTrip(request)
	check(err)
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		check(fmt.Errorf("%s: status %s", path, answer.Status))
	}
	_, err = io.Copy(to, answer.Body)
	check(err)
}

// save is 100 requests at a time.
func (c *client) save(directory string, paths []string) {
	turns := make(chan bool, 100)
	var all sync.WaitGroup
	for _, path := range paths {
		turns <- true
		all.Add(1)
		go func(path string) {
			defer all.Done()
			f, err := os.Create(filepath.Join(directory, path))
			check(err)
			c.ask("GET", "/"+path, nil, f)
			check(f.Close())
			<-turns
		}(path)
	}
	all.Wait()
	c.Close()
}

func main() {
	if len(os.Args) < 5 {
		check(fmt.Errorf("usage: quicgo CA ADDRESS:PORT SERVER-NAME page|idle|early|sum|save [ARGUMENT]"))
	}
	ca, address, name, what := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	argument := append(os.Args, "")[5]
	pem, err := os.ReadFile(ca)
	check(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	t := &tls.Config{RootCAs: pool, ServerName: name, ClientSessionCache: tls.NewLRUClientSessionCache(1)}

	if log := os.Getenv("SSLKEYLOGFILE"); log != "" {
		t.KeyLogWriter, err = os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		check(err)
	}

	c := connectTo(address, name, t, quic.DialAddrEarly)
	if what == "save" {
		c.save(argument, os.Args[6:])
		return
	}
	if what == "sum" {
		sum := sha256.New()
		c.ask("GET", argument, nil, sum)
		fmt.Printf("%x\n", sum.Sum(nil))
		return
	}
	c.ask("GET", "/", nil, os.Stdout)
	switch what {
	case "page":
		data, err := os.ReadFile(argument)
		check(err)
		var back bytes.Buffer
		c.ask("POST", "/echo", data, &back)
		if !bytes.Equal(back.Bytes(), data) {
			check(fmt.Errorf("another body came back than was sent"))
		}
	case "idle":
		seconds, err := strconv.Atoi(argument)
		check(err)
		time.Sleep(time.Duration(seconds) * time.Second)
		c.ask("GET", "/", nil, io.Discard)
		if c.dials != 1 {
			check(fmt.Errorf("the connection did not last: %d were made", c.dials))
		}
	case "early":
		c.Close()
		c = connectTo(address, name, t, dialEarlyFirst)
		c.ask(http3.MethodGet0RTT, "/", nil, io.Discard)
		if !c.conn.ConnectionState().Used0RTT {
			check(fmt.Errorf("early data was not accepted"))
		}
	}
	c.Close()
}
