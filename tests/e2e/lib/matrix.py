# SPDX-License-Identifier: GPL-2.0-or-later
"""What must hold for a client and a service that meet through UDP port 443 and a `quic` rule,
each held against the same client going straight to the service's private port."""
import concurrent.futures
import json
import os
import queue
import re
import shutil
import time

import hello
import rules
from nqtest.capture import Capture, flows
from nqtest.shell import Failed, run as sh
from nqtest.where import BUILD as BIN

QUIC = {'0x00000001': '1', '0x6b3343cf': '2'}
# Counters of the module for datagrams that it kept to itself, for good or until a client repeats itself.
LOSSES = 'timed_out', 'overload', 'evicted', 'flushed', 'lookups_spent', 'strayed'
# Tests of no pair that the table's page lists too.
BESIDES = ('smbclient is', 'smbclient lists', 'smbclient writes', 'smbclient,', 'two smbclients')


class Pair:
    """`cannot`: what of idle, early and big the service cannot do, and why. `broken`: why the two do
    not get on with each other, with no rule between them."""

    def __init__(self, action, name, port, service, cannot=None, broken=None):
        self.action, self.name, self.port, self.service = action, name, port, service
        self.cannot = {**action.cannot, **(cannot or {})}
        self.broken = broken
        self.sni = name if action.sends_sni else None
        self.label = f'{action.name} to {service} ({name})'
        self.row = None


class Lane:
    """A client's host, on a network of its own so that lanes do not meet."""

    def __init__(self, host, device, v4, v6):
        self.host, self.device = host, device
        self.addresses = {'IPv4': v4, 'IPv6': v6}
        self.capture = None     # of the server's end, from the first run on


def bound(server, address, sport):
    """The port that conntrack sends this client's port to."""
    table = server.run('conntrack', '-L', '-f', 'ipv6' if ':' in address else 'ipv4', '-p', 'udp')
    for line in table.splitlines():
        ports = re.findall(r'[sd]port=(\d+)', line)
        if ports[:2] == [str(sport), '443']:
            return int(ports[2])
    return None


def losses(server):
    """The module's counters of LOSSES."""
    names, values = server.run('cat', '/proc/net/stat/nft_quic').splitlines()[:2]
    counters = dict(zip(names.split(), values.split()))
    return {k: int(counters[k], 16) for k in LOSSES}


class Run:
    """One client, once, with a capture at the server's door."""

    def __init__(self, server, lane, call, address, port, name):
        if not lane.capture:
            lane.capture = Capture(server, f'run-{lane.device}', lane.device)
        before, lost = os.path.getsize(lane.capture.file), losses(server)
        self.error = self.result = None
        try:
            self.result = call(lane.host, address, port, name) or 'works'
        except Failed as e:
            self.error = e
        self.file = lane.capture.since(before)
        self.flights = hello.flights(self.file, port)
        through = port == 443
        self.flows = [f for f in flows(self.file) if f['dport'] == port and f['complete']] if through else []
        self.ports = {bound(server, address, f.sport) for f in self.flights} if through else set()
        self.again = sum(f.again for f in self.flights)
        self.lost = {k: n - lost[k] for k, n in losses(server).items() if n != lost[k]}


class Matrix:
    """`kind` names the results: KIND.json and captures/KIND in build/e2e. `packages`: whose versions
    belong to the results."""

    def __init__(self, kind, tap, server, lanes, pairs, counted, packages=()):
        self.kind, self.tap, self.server, self.lanes, self.pairs = kind, tap, server, lanes, pairs
        self.packages = packages
        self.counted = counted          # port -> a word of the rule that leads there
        self.taken = {}                 # word -> client ports whose first flights should take it
        self.captures = f'{BIN}/e2e/captures/{kind}'
        shutil.rmtree(self.captures, ignore_errors=True)
        os.makedirs(self.captures)
        self.versions = {}
        self.truth = ['file\tclient\tversion\tquic\tsni\talpn']
        self.working = []

    def version(self, action):
        if action.name not in self.versions:
            self.versions[action.name] = action.version()
        return self.versions[action.name]

    # Every pair once, both families.

    def through(self, lane, pair, family):
        run = Run(self.server, lane, pair.action, lane.addresses[family], 443, pair.name)
        word = self.counted.get(pair.port, self.counted[None])
        with self.tap.lock:
            self.taken.setdefault(word, []).extend((lane.device, family, f.sport) for f in run.flights)
        return run

    def straight(self, lane, pair, family):
        return Run(self.server, lane, pair.action, lane.addresses[family], pair.port, pair.name)

    def sent_once(self, label, run):
        """Test that the rule does not make the client send parts of its ClientHello twice. Time alone, of a slow
        machine, makes it as well: it is the rule's doing if the module lost or delayed something meanwhile."""
        if run.again and not run.lost:
            self.tap.say(f'{label}: a slow answer: {run.again} bytes of the ClientHello came twice')
        self.tap.ok(run.flights and not run.lost, f'{label}: the rule has nothing of the ClientHello sent twice',
                    f'flights {run.flights}, {run.again} bytes twice, {run.lost}')

    def keep(self, pair, family, run):
        """The first flight as a capture of its own, with what the client was told to send."""
        a = pair.action
        file = f"{a.name}-{a.alpn[0].replace('/', '_')}-{pair.name.split('.')[0]}-{family.lower()}.pcap"
        hello.cut(run.file, run.flights[0].sport, 443, f'{self.captures}/{file}')
        with self.tap.lock:
            self.truth.append('\t'.join([file, a.name, self.version(a), a.quic, pair.sni or '', ','.join(a.alpn)]))

    def meet(self, lane, pair):
        """The pair in both families; its row."""
        tap, action = self.tap, pair.action
        if pair.broken:
            failed = sum(bool(self.straight(lane, pair, 'IPv4').error) for _ in range(3))
            if failed:
                tap.skip(pair.label, f'{pair.broken}; {failed} of 3 runs straight to port {pair.port} failed')
                return
        for family in lane.addresses:
            label = f'{pair.label} {family}'
            run = self.through(lane, pair, family)
            tap.ok(run.result, f'{label}: {run.result or "works"}', run.error)
            tap.ok(run.ports == {pair.port}, f'{label}: conntrack has the flow at port {pair.port}', run.ports)
            tap.ok(run.flows and all(f['sni'] == pair.sni and f['alpn'] == action.alpn for f in run.flows),
                   f'{label}: quic-inspect reads what was offered', run.flows)
            self.sent_once(label, run)
            if run.result and run.flows and not run.again:
                self.keep(pair, family, run)
        if not run.flows:
            return
        straight = self.straight(lane, pair, family)
        tap.ok(straight.result, f'{pair.label}: straight to port {pair.port} as well', straight.error)
        pair.row = {
            'client': action.name, 'version': self.version(action), 'quic': QUIC[run.flows[0]['version']],
            'datagrams': run.flows[0]['datagrams'], 'crypto': run.flights[0].crypto, 'alpn': ' '.join(action.alpn),
            'sni': pair.sni or '', 'service': pair.service, 'result': run.result or 'failed',
        }
        if run.result:
            with tap.lock:
                self.working.append(pair)

    def meet_all(self):
        """Each pair, as many at a time as there are lanes; then the rules' counters."""
        left = queue.SimpleQueue()
        for pair in self.pairs:
            left.put(pair)

        def work(lane):
            while True:
                try:
                    self.meet(lane, left.get_nowait())
                except queue.Empty:
                    return
        before = rules.counters(self.server)
        with concurrent.futures.ThreadPoolExecutor(len(self.lanes)) as pool:
            for f in [pool.submit(work, lane) for lane in self.lanes]:
                f.result()
        after = rules.counters(self.server)
        for word, taken in self.taken.items():
            count = sum(n - before.get(rule, 0) for rule, n in after.items() if word in rule)
            # The same port twice: used again, while conntrack knows it or later; or a late Initial.
            self.tap.ok(len(set(taken)) <= count <= len(taken),
                        f'counters: {len(taken)} first flights took the rule with {word}',
                        f'{count} of {len(set(taken))} ports: {after}')
        # In the order of the list, whichever lane they took.
        self.working = [p for p in self.pairs if p in self.working]

    # The slow checks.

    def ability(self, pair, what, why_not=''):
        """Note in the pair's row and say whether it is to be tried."""
        reason = pair.cannot.get(what) or ('' if hasattr(pair.action, what) else why_not or 'the client has no way to')
        if reason:
            pair.row[what] = f'no: {reason}'
            self.tap.skip(f'{pair.label}: {what}', reason)
        return not reason

    def judge(self, pair, what, text, error):
        pair.row[what] = 'failed' if error else 'yes'
        self.tap.ok(not error, f'{pair.label}: {text}', error)

    def silence(self, lane):
        """Connections that say nothing for a minute, all at the same time; to be waited for."""
        pairs = [p for p in self.working if self.ability(p, 'idle')]
        capture = Capture(self.server, 'silence', lane.device)
        pool = concurrent.futures.ThreadPoolExecutor(max(1, len(pairs)))
        jobs = []
        for p in pairs:
            jobs.append((p, pool.submit(p.action.idle, lane.host, lane.addresses['IPv4'], 443, p.name)))
            time.sleep(2)   # their handshakes one after the other

        def wait():
            errors = [(p, f.exception()) for p, f in jobs]
            capture.stop()
            pool.shutdown()
            found = [f for f in capture.flows() if f['dport'] == 443 and f['complete']]
            for p, error in errors:
                if error and not isinstance(error, Failed):
                    raise error
                alike = [q for q, _ in jobs if (q.sni, q.action.alpn) == (p.sni, p.action.alpn)]
                seen = [f for f in found if (f['sni'], f['alpn']) == (p.sni, p.action.alpn)]
                if not error and len(seen) != len(alike):
                    error = f'{len(seen)} connections of {len(alike)} clients: {seen}'
                self.judge(p, 'idle', 'the connection survives a minute of silence', error)
        return wait

    def early(self, lane):
        """A second connection whose 0-RTT packets come with its ClientHello."""
        for p in self.working:
            if not self.ability(p, 'early'):
                continue
            run = Run(self.server, lane, p.action.early, lane.addresses['IPv4'], 443, p.name)
            error = run.error
            if not error and p.action.may_not_resume and not any(f.early for f in run.flights):
                p.row['early'] = f'no: {p.action.name} {p.row["version"]} did not resume its connection'
                self.tap.skip(f'{p.label}: early', p.row['early'].removeprefix('no: '))
                continue
            if not error and (len(run.flights) != 2 or not run.flights[-1].early):
                error = f'0-RTT packets of each connection: {[f.early for f in run.flights]}'
            if not error and run.ports != {p.port}:
                error = f'conntrack has the flows at {run.ports}'
            self.judge(p, 'early', f'a resumed connection begins with 0-RTT data ({run.result})', error)
            if not error and run.result.startswith('early'):
                p.row['early'] = f'yes, {run.result}'

    def big(self, sizes):
        """Large files, one on each lane at a time. `sizes`: pair -> (MiB, path, checksum)."""
        for lane in self.lanes:
            if lane.capture:
                lane.capture.stop()
                lane.capture = None
        left = queue.SimpleQueue()
        for p in self.working:
            if self.ability(p, 'big'):
                left.put(p)

        def work(lane):
            while True:
                try:
                    p = left.get_nowait()
                except queue.Empty:
                    return
                mib, path, checksum = sizes(p)
                error, began = None, time.monotonic()
                try:
                    p.action.big(lane.host, lane.addresses['IPv4'], 443, p.name, path, checksum)
                except Failed as e:
                    error = e
                self.judge(p, 'big', f'{mib} MiB match their checksum', error)
                self.tap.say(f'{p.label}: {mib} MiB in {time.monotonic() - began:.0f} s')
                if not error:
                    p.row['big'] = f'{mib} MiB'
        with concurrent.futures.ThreadPoolExecutor(len(self.lanes)) as pool:
            for f in [pool.submit(work, lane) for lane in self.lanes]:
                f.result()

    def write(self):
        """The rows for docs/interop.md, and the truth about the captures."""
        with open(f'{self.captures}/truth.tsv', 'w') as f:
            f.write('\n'.join([self.truth[0], *sorted(self.truth[1:])]) + '\n')
        versions = sh('dpkg-query', '-W', '-f', '${Package} ${Version}\n', *self.packages).split('\n')[:-1] if self.packages else []
        skipped = [[p.action.name, p.service, p.broken] for p in self.pairs if not p.row and p.broken]
        with open(f'{BIN}/e2e/{self.kind}.json', 'w') as f:
            json.dump({'date': time.strftime('%Y-%m-%d'), 'kernel': os.uname().release, 'packages': versions,
                       'rows': [p.row for p in self.pairs if p.row], 'skipped': skipped,
                       'besides': [n for n in self.tap.passed if n.startswith(BESIDES)]}, f, indent=1)


def end(tap, server, matrix):
    """Say what the module counted and, of a failure, what the services said; keep what there is of
    results. The exit status."""
    if server:
        tap.say(server.run('cat', '/proc/net/stat/nft_quic'))
        if tap.failed:
            for p in server.processes:
                tap.say(f'last words of {p.name}:\n' + '\n'.join(p.said().splitlines()[-6:]))
        server.stop()
    if matrix:
        matrix.write()
    return tap.end()
