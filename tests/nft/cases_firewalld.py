# SPDX-License-Identifier: GPL-2.0-or-later
"""firewalld on top of the facade: it works, and leaves tables with quic alone. The recipe of docs/recipes.md."""
import os
import shutil
import subprocess
import tempfile

from nqtest import qt
from nqtest.datagrams import collect
from nqtest.nftcmd import LIB, Nft, dump
from nqtest.netns import Ns, veth
from nqtest.poll import until
from nqtest.tap import case, ok, same, skip
from nqtest.where import TOP

OURS = '''table inet ours {
	map ports {
		typeof quic alpn : udp dport
		elements = { "h3" : 4433, "smb" : 8443 }
	}

	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		udp dport 443 quic sni "*.example.org" redirect to :4434
		udp dport 443 redirect to :quic alpn map @ports
	}
}
'''
CONF = '/etc/firewalld/firewalld.conf'
BUS = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={0}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
'''


class Firewalld:
    """The daemon in this network namespace, with a message bus of its own."""

    def __init__(self, d):
        with open(f'{d}/bus.conf', 'w') as f:
            f.write(BUS.format(d))
        # The package's configuration, but that others may put rules into firewalld's table.
        with open(CONF) as f:
            conf = f.read()
        with open(CONF, 'w') as f:
            f.write(conf.replace('NftablesTableOwner=yes', 'NftablesTableOwner=no'))
        self.log = f'{d}/log'
        self.env = dict(os.environ, LD_LIBRARY_PATH=LIB, DBUS_SYSTEM_BUS_ADDRESS=f'unix:path={d}/bus')
        self.bus = subprocess.Popen(['dbus-daemon', '--nofork', '--nopidfile', f'--config-file={d}/bus.conf'])
        until(lambda: os.path.exists(f'{d}/bus'), 20, 0.1)
        with open(self.log, 'w') as log:
            self.p = subprocess.Popen(['firewalld', '--nofork', '--nopid', '--log-target=console'],
                                      env=self.env, stdout=log, stderr=log)

    def cmd(self, *args):
        return subprocess.run(['firewall-cmd', *args], env=self.env, capture_output=True, text=True)

    def up(self):
        return until(lambda: self.cmd('--state').stdout.strip() == 'running' or self.p.poll() is not None, 120, 1)

    def logged(self):
        with open(self.log) as f:
            return f.read()[-3000:]

    def stop(self):
        for p in self.p, self.bus:
            p.terminate()
            p.wait()


def firewalld():
    nft = Nft()
    with Ns(), tempfile.TemporaryDirectory() as d:
        nft.good('-f -', OURS)
        held, text = dump('inet', 'ours'), nft.good('list table inet ours')
        fw = Firewalld(d)
        try:
            fw.up()
            same(fw.cmd('--state').stdout, 'running\n', 'firewalld runs')
            with open(f'/proc/{fw.p.pid}/maps') as f:
                ok(f'{LIB}/libnftables.so.1' in f.read(), 'it has the facade loaded')
            def table():
                return nft('list table inet firewalld').out

            def does(option, cond, name):
                # on a slow machine the answer may be late, the work is done all the same
                r = fw.cmd(*option)
                ok(until(cond, 240, 1) and (r.returncode == 0 or 'not receive a reply' in r.stderr), name,
                   f'{r} {fw.logged()}')

            def ours():
                return dump('inet', 'ours'), nft.good('list table inet ours')

            does(['--add-rich-rule', 'rule family=ipv4 source address=192.0.2.7 drop'],
                 lambda: '192.0.2.7' in table(), 'it loads rules through the facade')
            same(ours(), (held, text), 'our table with quic is as it was')
            does(['--reload'], lambda: 'filter_INPUT' in table() and '192.0.2.7' not in table() and
                 fw.cmd('--state').returncode == 0, 'it reloads')
            same(ours(), (held, text), 'our table with quic survives the reload')
            nft.good('insert rule inet firewalld filter_INPUT quic alpn "h3" counter accept')
            does(['--add-port=4433/udp'], lambda: 'udp dport 4433' in table(), 'it changes its table')
            ok('quic alpn "h3" counter packets 0 bytes 0 accept' in table(),
               'beside a rule with quic in a chain of its own', table())
        finally:
            fw.stop()
        same(dump('inet', 'ours'), held, 'our table is there when firewalld has gone')


def recipe():
    """examples/stateless.nft in a zone that drops: the private port must be open, and 443 need not."""
    nft = Nft()
    client, gw = Ns('c'), Ns('gw')
    veth(client, gw)
    sock, service = client.udp('10.0.0.1', 5555), gw.udp('0.0.0.0', 8443)
    with gw, tempfile.TemporaryDirectory() as d:
        fw = Firewalld(d)
        try:
            fw.up()
            nft.good(f'-f {TOP}/examples/stateless.nft')

            def sends():
                flight = qt.Flight(sni='files.example.org').whole()
                sock.sendto(flight, ('10.0.0.2', 443))
                return collect([service], 1, seconds=3)[0] == [flight]

            ok(not sends(), 'a first flight does not pass its zone')
            r = fw.cmd('--add-port=8443/udp')
            ok(until(sends, 240, 1), 'it does when the private port is open', r, fw.logged())
            service.setblocking(True)
            sock.sendto(qt.Flight(sni='files.example.org').whole(), ('10.0.0.2', 443))
            service.sendto(b'answer', service.recvfrom(2000)[1])
            sock.setblocking(True)
            sock.settimeout(20)
            same(sock.recvfrom(2000), (b'answer', ('10.0.0.2', 443)), 'and the answer comes from port 443')
        finally:
            fw.stop()
    sock.close()
    service.close()
    client.delete()
    gw.delete()


if shutil.which('firewalld') and shutil.which('dbus-daemon'):
    case(firewalld)
    case(recipe)
else:
    skip('firewalld', 'it is not installed in this root')
