# SPDX-License-Identifier: GPL-2.0-or-later
"""Metrics over TCP: HTTP, histograms, and Prometheus with the files of examples/monitoring."""
import json
import re
import shutil
import socket
import subprocess
import urllib.request

from nqtest import lab
from nqtest.backends import Backend, echo
from nqtest.checks import eq
from nqtest.curl import command
from nqtest.lab import cert, sh, staple
from nqtest.poll import until, wait_for
from nqtest.ports import free_port
from nqtest.quicc import quicc
from nqtest.quicd import Service
from nqtest.suite import need, test

EXAMPLES = lab.TOP / "examples/monitoring"


def web(port, tls=None, **service):
    root = lab.TMP / "metrics-www"
    root.mkdir(exist_ok=True)
    (root / "ten").write_text("0123456789")
    return Service(service={"mode": "http3", "alpn": "h3", "metrics": "127.0.0.1:%d" % port, **service}, tls=tls or {},
                   http3={"root": root})


def fetch(s, *paths, args=()):
    sh(*command("localhost", s.port, lab.TMP / "ca.pem", *args, *["https://localhost:%d%s" % (s.port, p) for p in paths]))
    wait_for(lambda: s.stat("connections") == 0)


def ask(port, request):
    with socket.create_connection(("127.0.0.1", port), 10) as c:
        for piece in request if isinstance(request, list) else [request]:
            c.sendall(piece)
        return b"".join(iter(lambda: c.recv(65536), b"")).decode()


def samples(text, name):
    """{labels without service: value} of a family's samples."""
    return {re.sub(r'service="[^"]*",?', "", m[1]): float(m[2])
            for m in re.finditer(r"^quicd_%s\{(.*?)\} (\S+)$" % name, text, re.M)}


@test
def metrics_over_tcp():
    """HTTP/1.1: GET and HEAD of /metrics and /status; other methods, paths, rubbish; a header in pieces"""
    port = free_port(socket.SOCK_STREAM)
    s = web(port)
    a = ask(port, [b"GET /metrics HT", b"TP/1.1\r\nHost: x\r\n", b"Accept: */*\r\n\r\n"])
    head, _, body = a.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text; version=1.0.0"), head
    eq(int(re.search(r"Content-Length: (\d+)", head)[1]), len(body))
    assert body.endswith("# EOF\n")
    a = ask(port, b"HEAD /metrics?x HTTP/1.1\r\nHost: x\r\n\r\n")
    assert a.startswith("HTTP/1.1 200 OK\r\n") and a.endswith("\r\n\r\n"), a
    assert "\r\n\r\nservice: " in ask(port, b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
    for request, status in ((b"GET / HTTP/1.1\r\n\r\n", 404), (b"POST /metrics HTTP/1.1\r\n\r\n", 405), (b"metrics\n\n", 400),
                            (b"GET\n\n", 400), (b"\r\n\r\n", 400), (b"GET http://x/metrics HTTP/1.1\r\n\r\n", 400)):
        assert ask(port, request).startswith("HTTP/1.1 %d " % status), (request, ask(port, request))
    many = [socket.create_connection(("127.0.0.1", port)) for _ in range(30)]
    for m in many:
        m.close()
    wait_for(lambda: until(lambda: "200 OK" in ask(port, b"GET /metrics HTTP/1.1\r\n\r\n"), 1))
    same = Service(start=False, service={"metrics": "127.0.0.1:%d" % port})
    r = sh(lab.BIN / "quicd", "-c", same.conf)
    assert r.returncode == 1 and b"metrics 127.0.0.1:%d: Address already in use" % port in r.stderr, r.stderr
    s.stop()


@test
def metrics_histograms():
    """durations and sizes of requests by status, of streams by their end; buckets add up"""
    port = free_port(socket.SOCK_STREAM)
    s = web(port)
    fetch(s, "/ten", "/ten", "/none")
    text = s.ask("metrics")
    counts = samples(text, "http_request_duration_seconds_count")
    eq({k: v for k, v in counts.items() if v}, {'class="2xx"': 2, 'class="4xx"': 1})
    eq(len(counts), 6)
    eq(samples(text, "http_response_size_bytes_sum")['class="2xx"'], 20)

    def refused_with_body():
        """The answer does not wait for the body, so that this may come too late to count."""
        fetch(s, "/ten", args=["-X", "POST", "--data-binary", "x" * 300])
        sizes = samples(s.ask("metrics"), "http_request_size_bytes_bucket")
        small, middle, every = (sizes['class="4xx",le="%s"' % le] for le in ("256.0", "1024.0", "+Inf"))
        assert 1 <= small <= middle == every, sizes
        return middle > small
    assert any(refused_with_body() for _ in range(20))
    text = s.ask("metrics")
    assert 0 < samples(text, "http_request_duration_seconds_sum")['class="2xx"'] < 20
    for name, kind in re.findall(r"# TYPE quicd_(\S+) (histogram)", text):
        b = list(samples(text, name + "_bucket").items())
        assert all(x[1] <= y[1] for x, y in zip(b, b[1:]) if x[0].split(",")[0] == y[0].split(",")[0]), name
    b = Backend(echo)
    s = Service(service={"mode": "stream"}, stream={"backend": b.address})
    eq(quicc(s, data=b"x" * 500).rc, 0)
    wait_for(lambda: s.stat("connections") == 0)
    text = s.ask("metrics")
    eq(samples(text, "stream_sent_bytes_sum"), {'end="ok"': 500, 'end="reset"': 0, 'end="closed"': 0})
    eq(samples(text, "stream_duration_seconds_count"), {'end="ok"': 1, 'end="reset"': 0, 'end="closed"': 0})
    b.close()


@test
def metrics_of_odd_names():
    """a name that is no UTF-8, and a file that is given twice: each sample is one that a reader takes"""
    pem, key = cert("localhost")
    s = Service(start=False, service={"name": "NAME"}, tls={"cert": "%s, %s" % (pem, pem), "key": "%s, %s" % (key, key)})
    s.conf.write_bytes(s.conf.read_bytes().replace(b"NAME", b"caf\xe9 \xc3\xbc\"\\ \xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf" + b"x" * 600))
    s.start()
    text = s.ask("metrics")
    labels = set(re.findall(r'\{service="((?:[^"\\]|\\.)*)"', text))
    eq(labels, {r'caf\\xe9 \u00fc\"\\ \\xed\\xa0\\x80\\xf4\\x90\\x80\\x80\\xc0\\xaf'.replace(r'\u00fc', '\u00fc') + "x" * 600})
    seen = [x.rpartition(" ")[0] for x in text.splitlines() if not x.startswith("#")]
    eq(sorted(x for x in seen if seen.count(x) > 1), [])


@test
def metrics_mistakes():
    """an address that others can reach must be allowed"""
    for keys, text in (({"metrics": "0.0.0.0:9443"}, "metrics = 0.0.0.0:9443: other hosts can reach"), ({"metrics": "*:9443"}, "other hosts"),
                       ({"metrics": "[2001:db8::1]:9443"}, "other hosts"), ({"metrics": "9443"}, "not address:port"),
                       ({"metrics": "127.0.0.1:0"}, "is not a port"), ({"metrics-remote": "yes"}, "metrics-remote needs metrics")):
        s = Service(start=False, service=keys)
        line = 1 + next(i for i, x in enumerate(s.conf.read_text().split("\n")) if x.startswith("metrics"))
        r = sh(lab.BIN / "quicd", "-c", s.conf, "--check-config")
        assert r.returncode == 1 and b"%s:%d: " % (str(s.conf).encode(), line) in r.stderr and text.encode() in r.stderr, (keys, r.stderr)
    for keys in {"metrics": "127.1.2.3:9443"}, {"metrics": "[::1]:9443"}, {"metrics": "*:9443", "metrics-remote": "yes"}:
        s = Service(start=False, service=keys)
        eq(sh(lab.BIN / "quicd", "-c", s.conf, "--check-config").returncode, 0, keys)


@test
def monitoring_examples():
    """examples/monitoring: promtool finds the files good, and each alert fires when it should and only then"""
    need("promtool")
    where = lab.TMP / "monitoring"
    shutil.copytree(EXAMPLES, where)
    for args in (("check", "config", "prometheus.yml"), ("test", "rules", "quicd.test.yml"),
                 ("test", "rules", "nft-quic.test.yml")):
        r = sh("promtool", *args, cwd=where)
        eq(r.returncode, 0, r.stdout + r.stderr)
    for which in "quicd", "nft-quic":
        for name in re.findall(r"alert: (\w+)", (EXAMPLES / f"{which}.rules.yml").read_text()):
            assert 'alertname="%s"' % name in (EXAMPLES / f"{which}.test.yml").read_text(), name
    # Each metric of the module is in the table of nft-quic metrics; of its own there is one more.
    table = (lab.TOP / "admin/metrics.c").read_text()
    known = {f"nft_quic_{name}{'' if gauge == 'true' else '_total'}"
             for name, gauge in re.findall(r'\{"(\w+)", "[^"]*",\s*(true|false)\}', table)} | {"nft_quic_info", "nft_quic_limit"}
    used = set(re.findall(r"nft_quic_\w+", (EXAMPLES / "nft-quic.rules.yml").read_text()))
    eq(used - known, set())
    # Each metric that a rule asks for is one that quicd has.
    port = free_port(socket.SOCK_STREAM)
    text = web(port, tls={"ocsp": staple("monitored", cert("localhost")[0])}).ask("metrics")
    for name in set(re.findall(r"quicd_\w+", (EXAMPLES / "quicd.rules.yml").read_text())):
        assert re.search(r"^%s\{" % name, text, re.M), name


@test
def prometheus_scrapes():
    """Debian's Prometheus with the example's file reads every sample"""
    need("prometheus")
    port, own = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM)
    s = web(port, name='a "b"')
    fetch(s, "/ten")
    where = lab.TMP / "prometheus"
    shutil.copytree(EXAMPLES, where)
    conf = where / "prometheus.yml"
    conf.write_text(conf.read_text().replace("127.0.0.1:9443", "127.0.0.1:%d" % port).replace("15s", "1s"))
    p = subprocess.Popen(["prometheus", "--config.file=%s" % conf, "--storage.tsdb.path=%s" % (where / "data"),
                          "--web.listen-address=127.0.0.1:%d" % own, "--log.level=error"], stderr=subprocess.DEVNULL)

    def query(q):
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/api/v1/query?query=%s" % (own, q), timeout=5) as r:
                return [float(x["value"][1]) for x in json.load(r)["data"]["result"]]
        except OSError:
            return None

    try:
        wait_for(lambda: query("up%7Bjob=%22quicd%22%7D") == [1], 30, "Prometheus has read the metrics")
        eq(query('quicd_http_request_duration_seconds_count%7Bclass=%222xx%22,service=%22a%20%5C%22b%5C%22%22%7D'), [1])
        text = s.ask("metrics")
        eq(query("scrape_samples_scraped%7Bjob=%22quicd%22%7D"), [sum(not x.startswith("#") for x in text.splitlines())])
    finally:
        p.terminate()
        p.wait(20)
