# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules straight through netlink, so that the module can be tested without nft.

    n = Nft()                                # in the network namespace of this thread
    n.table('inet', 't')
    n.chain('inet', 't', 'pre', 'nat', 'prerouting', -100)
    n.rule('inet', 't', 'pre', [*udp(443), quic('alpn', b'smb'), *redirect(8443)])
    n.commit()                               # raises NftError and loads nothing
"""
import errno
import os
import socket
import struct

NETLINK_NETFILTER = 12
FAMILIES = {'inet': 1, 'ip': 2, 'arp': 3, 'netdev': 5, 'bridge': 7, 'ip6': 10}
HOOKS = {'prerouting': 0, 'input': 1, 'forward': 2, 'output': 3, 'postrouting': 4, 'ingress': 5}
KEYS = {'alpn': 0, 'sni': 1, 'type': 2, 'sni_concat': 3, 'version': 4, 'dcid': 5, 'scid': 6,
        'ech': 7, 'hello': 8, 'server_id': 9, 'state': 10}
VERDICTS = {'drop': 0, 'accept': 1, 'continue': -1, 'jump': -3, 'goto': -4, 'return': -5}

NEWTABLE, GETTABLE, DELTABLE, NEWCHAIN, GETCHAIN, DELCHAIN, NEWRULE, GETRULE, DELRULE, NEWSET, \
    GETSET, DELSET, NEWSETELEM, GETSETELEM, DELSETELEM = range(15)
NEWOBJ, GETOBJ = 18, 19
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE, NLM_F_APPEND = 0x100, 0x200, 0x400, 0x800

SET_ANONYMOUS, SET_CONSTANT, SET_INTERVAL, SET_MAP, SET_TIMEOUT, SET_EVAL, SET_CONCAT = 1, 2, 4, 8, 16, 32, 128
SET_OBJECT = 64
DATA_VERDICT = 0xffffff00


class NftError(OSError):
    pass


def attr(kind, data):
    data = data if isinstance(data, bytes) else b''.join(data)
    return struct.pack('=HH', len(data) + 4, kind) + data + b'\0' * (-len(data) % 4)


def nest(kind, *attrs):
    return attr(kind | 0x8000, b''.join(attrs))


def u32(kind, value):
    return attr(kind, struct.pack('>I', value & 0xffffffff))


def u64(kind, value):
    return attr(kind, struct.pack('>Q', value))


def name(kind, text):
    return attr(kind, text.encode() + b'\0')


def parse(data):
    """Attributes as a list of (kind, payload)."""
    out = []
    while len(data) >= 4:
        length, kind = struct.unpack_from('=HH', data)
        if length < 4:
            break
        out.append((kind & 0x3fff, data[4:length]))
        data = data[(length + 3) & ~3:]
    return out


def expr(kind, *attrs):
    return nest(1, name(1, kind), nest(2, *attrs))


def value(kind, data):
    return nest(kind, attr(1, data))


def verdict(kind, code, chain=None):
    inner = [u32(1, VERDICTS[code])]
    if chain:
        inner.append(name(2, chain))
    return nest(kind, nest(2, *inner))


# Expressions. Registers: 1 to 4 of 16 bytes, 8 and up of 4 bytes.

def quic(key, data=None, invert=False, dreg=None, flags=None, length=None):
    attrs = [u32(1, KEYS.get(key, key))]
    if dreg is not None:
        attrs.append(u32(2, dreg))
    if invert or flags is not None:
        attrs.append(u32(3, 1 if flags is None else flags))
    if data is not None:
        attrs.append(attr(4, data))
    if length is not None:
        attrs.append(u32(5, length))
    return expr('quic', *attrs)


def cmp(sreg, data, op=0):
    return expr('cmp', u32(1, sreg), u32(2, op), value(3, data))


def payload(dreg, base, offset, length):
    return expr('payload', u32(1, dreg), u32(2, base), u32(3, offset), u32(4, length))


def udp_write(sreg, offset, length):
    """Write bytes of UDP's header, and the checksum with them, as nft does it."""
    return expr('payload', u32(5, sreg), u32(2, 2), u32(3, offset), u32(4, length), u32(6, 0), u32(7, 0), u32(8, 1))


def meta(key, dreg=None, sreg=None):
    if sreg is not None:
        return expr('meta', u32(2, key), u32(3, sreg))
    return expr('meta', u32(1, dreg), u32(2, key))


def udp(port):
    """meta l4proto udp, udp dport PORT"""
    return [meta(16, dreg=1), cmp(1, b'\x11'), payload(1, 2, 2, 2),
            cmp(1, struct.pack('>H', port))]


def immediate(dreg, data):
    return expr('immediate', u32(1, dreg), value(2, data))


def redirect(port):
    return [immediate(1, struct.pack('>H', port)), expr('redir', u32(1, 1))]


def dnat(addr, port, family=2):
    af = socket.AF_INET if family == 2 else socket.AF_INET6
    return [immediate(1, socket.inet_pton(af, addr)), immediate(2, struct.pack('>H', port)),
            expr('nat', u32(1, 1), u32(2, family), u32(3, 1), u32(5, 2))]


def masquerade():
    return [expr('masq')]


def lookup(set_name, sreg, dreg=None, invert=False, set_id=None):
    attrs = [name(1, set_name), u32(2, sreg)]
    if dreg is not None:
        attrs.append(u32(3, dreg))
    if set_id is not None:
        attrs.append(u32(4, set_id))
    if invert:
        attrs.append(u32(5, 1))
    return expr('lookup', *attrs)


def dynset(set_name, sreg, op=0):
    return expr('dynset', name(1, set_name), u32(3, op), u32(4, sreg))


def counter():
    return expr('counter', u64(1, 0), u64(2, 0))


def stop(code, chain=None):
    """A verdict, as a statement."""
    return expr('immediate', u32(1, 0), verdict(2, code, chain))


def bitwise(sreg, dreg, mask):
    return expr('bitwise', u32(1, sreg), u32(2, dreg), u32(3, len(mask)), value(4, mask),
                value(5, b'\0' * len(mask)))


class Nft:
    def __init__(self):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        self.sock.bind((0, 0))
        self.seq = 1
        self.todo = []
        self.ids = 0

    def close(self):
        self.sock.close()

    def _msg(self, kind, flags, family, *attrs):
        self.todo.append((10 << 8 | kind, flags,
                          struct.pack('>BBH', FAMILIES.get(family, 0), 0, 0) + b''.join(attrs)))

    def table(self, family, table):
        self._msg(NEWTABLE, NLM_F_CREATE, family, name(1, table), u32(2, 0))

    def delete(self, family, table):
        self._msg(DELTABLE, 0, family, name(1, table))

    def chain(self, family, table, chain, kind=None, hook=None, priority=0, policy='accept'):
        attrs = [name(1, table), name(3, chain)]
        if hook is not None:
            attrs += [nest(4, u32(1, HOOKS[hook]), u32(2, priority)), name(7, kind),
                      u32(5, VERDICTS[policy])]
        self._msg(NEWCHAIN, NLM_F_CREATE, family, *attrs)

    def rule(self, family, table, chain, exprs, replace=None):
        attrs = [name(1, table), name(2, chain)]
        if replace is not None:
            attrs.append(u64(3, replace))
        self._msg(NEWRULE, NLM_F_REPLACE if replace is not None else NLM_F_CREATE | NLM_F_APPEND,
                  family, *attrs, nest(4, *exprs))

    def flush(self, family, table, chain=None):
        attrs = [name(1, table)] + ([name(2, chain)] if chain else [])
        self._msg(DELRULE, 0, family, *attrs)

    def delete_rule(self, family, table, chain, handle):
        self._msg(DELRULE, 0, family, name(1, table), name(2, chain), u64(3, handle))

    def set(self, family, table, set_name, klen, elems=(), flags=0, data=None, concat=None):
        """elems: keys, or {key: data}; data: None, 'verdict' or the length of a value."""
        self.ids += 1
        attrs = [name(1, table), name(2, set_name), u32(4, 0), u32(5, klen), u32(10, self.ids)]
        if data is not None:
            flags |= SET_MAP
            attrs.append(u32(6, DATA_VERDICT if data == 'verdict' else 0))
            if data != 'verdict':
                attrs.append(u32(7, data))
        if concat:
            flags |= SET_CONCAT
        attrs.append(u32(3, flags))
        if concat:
            attrs.append(nest(9, nest(2, *[nest(1, u32(1, n)) for n in concat])))
        self._msg(NEWSET, NLM_F_CREATE, family, *attrs)
        if elems:
            self.elements(family, table, set_name, elems, set_id=self.ids)
        return self.ids

    def elements(self, family, table, set_name, elems, set_id=None, delete=False):
        """A key may be None for the catch-all element, or (key,) for the end of an interval."""
        def one(key):
            if isinstance(key, tuple):
                return nest(1, value(1, key[0]), u32(3, 1))
            out = [attr(3, struct.pack('>I', 2))] if key is None else [value(1, key)]
            if isinstance(elems, dict):
                data = elems[key]
                if isinstance(data, bytes):
                    out.append(value(2, data))
                else:
                    out.append(verdict(2, *data))
            return nest(1, *out)
        keys = list(elems)
        for i in range(0, len(keys), 200):
            attrs = [name(1, table), name(2, set_name)]
            if set_id is not None:
                attrs.append(u32(4, set_id))
            self._msg(DELSETELEM if delete else NEWSETELEM, 0 if delete else NLM_F_CREATE, family,
                      *attrs, nest(3, *[one(k) for k in keys[i:i + 200]]))

    def named_counter(self, family, table, obj):
        self._msg(NEWOBJ, NLM_F_CREATE, family, name(1, table), name(2, obj), u32(3, 1),
                  nest(4, u64(1, 0), u64(2, 0)))

    def named_counters(self, family, table):
        """{name: packets}"""
        out = {}
        for attrs in self._dump(GETOBJ, family, name(1, table)):
            a = dict(attrs)
            if a[1][:-1].decode() == table:
                out[a[2][:-1].decode()] = struct.unpack('>Q', dict(parse(a[4]))[2])[0]
        return out

    def counter_map(self, family, table, set_name, klen, elems):
        """A map from keys to named counters: {key: name}."""
        self.ids += 1
        self._msg(NEWSET, NLM_F_CREATE, family, name(1, table), name(2, set_name), u32(4, 0),
                  u32(5, klen), u32(10, self.ids), u32(3, SET_OBJECT), u32(15, 1))
        self._msg(NEWSETELEM, NLM_F_CREATE, family, name(1, table), name(2, set_name),
                  u32(4, self.ids), nest(3, *[nest(1, value(1, k), name(9, v))
                                              for k, v in elems.items()]))

    def delete_set(self, family, table, set_name):
        self._msg(DELSET, 0, family, name(1, table), name(2, set_name))

    def _pack(self, kind, flags, body):
        self.seq += 1
        return struct.pack('=IHHII', len(body) + 16, kind, flags | NLM_F_REQUEST, self.seq, 0) + body

    def commit(self):
        """One transaction. Raises NftError with the first error; then nothing is loaded."""
        head = struct.pack('>BBH', 0, 0, 10)
        out = self._pack(0x10, 0, head)
        for kind, flags, body in self.todo[:-1]:
            out += self._pack(kind, flags, body)
        kind, flags, body = self.todo[-1]
        out += self._pack(kind, flags | NLM_F_ACK, body)
        last = self.seq
        out += self._pack(0x11, 0, head)
        self.todo = []
        self.sock.send(out)
        error = None
        self.sock.settimeout(20)
        while True:
            data = self.sock.recv(1 << 18)
            while data:
                length, kind, flags, seq, _ = struct.unpack_from('=IHHII', data)
                if kind == 2:
                    code = struct.unpack_from('=i', data, 16)[0]
                    if code and error is None:
                        error = -code
                    if seq == last or code:
                        # an error ends the batch; more may follow
                        if code:
                            self._drain()
                            raise NftError(error, os.strerror(error))
                        return
                data = data[(length + 3) & ~3:]

    def _drain(self):
        self.sock.settimeout(0.05)
        try:
            while True:
                self.sock.recv(1 << 18)
        except OSError:
            pass

    def try_commit(self):
        """Returns 0 or the errno's name."""
        try:
            self.commit()
        except NftError as e:
            return errno.errorcode.get(e.errno, e.errno)
        return 0

    def _dump(self, kind, family, *attrs):
        body = struct.pack('>BBH', FAMILIES.get(family, 0), 0, 0) + b''.join(attrs)
        self.sock.settimeout(20)
        self.sock.send(self._pack(10 << 8 | kind, NLM_F_DUMP, body))
        out = []
        while True:
            data = self.sock.recv(1 << 18)
            while data:
                length, kind, flags, seq, _ = struct.unpack_from('=IHHII', data)
                if kind == 3:
                    return out
                if kind == 2:
                    code = -struct.unpack_from('=i', data, 16)[0]
                    raise NftError(code, os.strerror(code))
                out.append(parse(data[20:length]))
                data = data[(length + 3) & ~3:]

    def rules(self, family, table, chain):
        """A list of (handle, [(expression, {attribute: payload})])."""
        out = []
        for attrs in self._dump(GETRULE, family, name(1, table), name(2, chain)):
            a = dict(attrs)
            if a[1][:-1].decode() != table or a[2][:-1].decode() != chain:
                continue
            exprs = []
            for _, e in parse(a.get(4, b'')):
                e = dict(parse(e))
                exprs.append((e[1][:-1].decode(), dict(parse(e.get(2, b'')))))
            out.append((struct.unpack('>Q', a[3])[0], exprs))
        return out

    def counters(self, family, table, chain):
        """Packets of each counter in a chain, in the order of its rules."""
        return [struct.unpack('>Q', a[2])[0] for _, exprs in self.rules(family, table, chain)
                for kind, a in exprs if kind == 'counter']

    def members(self, family, table, set_name):
        """Keys of a set."""
        out = set()
        for attrs in self._dump(GETSETELEM, family, name(1, table), name(2, set_name)):
            for _, elem in parse(dict(attrs).get(3, b'')):
                key = dict(parse(elem)).get(1)
                if key:
                    out.add(dict(parse(key))[1])
        return out


def alpn(text):
    """An ALPN set key."""
    return text.encode().ljust(16, b'\0') if isinstance(text, str) else text.ljust(16, b'\0')


def sni(text, width=64):
    return text.encode().ljust(width, b'\0')
