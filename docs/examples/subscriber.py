#!/usr/bin/env python3
"""A plugin that follows the notices by itself: prints one line for each that passed all checks.

usage: subscriber.py FOLDER    plugins/NAME, as `limebus keys add plugin NAME` made it
"""
import hashlib
import os
import sys
import time

import msgpack
import zmq
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from zmq.utils import z85

VERIFIER, REVOCATION, PROVISIONER, ADMIN = 1 << 2, 1 << 3, 1 << 5, 1 << 6  # proto/role.h
BLIND_S = FRESH_S = 5
# Kind: type of its cause, who may have signed that, what it must say. Kinds that are not here are passed over.
KINDS = {
    'revoked': ('verdict', VERIFIER, lambda cause: not cause.get('trusted')),
    'suspended': ('node_request', PROVISIONER | ADMIN, lambda cause: cause['action'] == 'suspend'),
    'reinstated': ('node_request', PROVISIONER | ADMIN, lambda cause: cause['action'] == 'resume'),
    'node-removed': ('node_request', ADMIN, lambda cause: cause['action'] == 'remove'),
    'provisioned': ('provisioning', PROVISIONER | ADMIN, lambda cause: True),
    'policy-changed': ('policy_use', PROVISIONER | ADMIN, lambda cause: True),
    'described': ('profile', PROVISIONER | ADMIN, lambda cause: True),
    'certificate-revoked': ('certificate_revoke', ADMIN, lambda cause: True),
    'lapsed': None, 'restored': None,
}
BAD = (InvalidSignature, KeyError, TypeError, ValueError, AttributeError)  # what a bad message may lead to


def say(text, *values):
    print(text % values, flush=True)


def check(holds, why):
    if not holds:
        raise ValueError(why)


def unpack(frame, kind):
    def unique(pairs):
        check(len(dict(pairs)) == len(pairs), 'a key is there twice')
        return dict(pairs)
    message = msgpack.unpackb(frame, object_pairs_hook=unique)
    check(message['v'] == 1 and message['t'] == kind, 'another message than expected')
    return message


def open_signed(frame, kind):
    """The body of a `signed`, and the key that made its signature."""
    outer = unpack(frame, 'signed')
    Ed25519PublicKey.from_public_bytes(outer['key']).verify(outer['sig'], b'limebus signed v1\0' + outer['body'])
    return unpack(outer['body'], kind), outer['key']


def read_key(folder, name, kind):
    with open(os.path.join(folder, name), encoding='ascii') as file:
        first, digits = file.read().split('\n')[:2]
    check(first == 'limebus %s key v1' % kind and len(digits) == 64, '%s is no %s key' % (name, kind))
    return bytes.fromhex(digits)


def check_repeated(notice, kind, cause):
    """What a notice repeats for programs must be what its cause says."""
    codes = [finding['check'] for finding in cause.get('findings', []) if not finding.get('weight')]
    codes = list(dict.fromkeys(codes))[:16] or [kind]
    check([reason['code'] for reason in notice.get('reasons', [])] in ([], codes), 'its reasons are not those of its cause')
    check(notice.get('evidence') in (None, cause.get('evidence')), 'it names other evidence than its cause')
    if kind == 'certificate-revoked':
        check(notice.get('certificates', []) in ([], [{'serial': cause['serial']}]), 'it is about another certificate')


class Subscriber:
    def __init__(self, folder):
        self.folder, self.roster, self.sockets, self.turn = folder, {'number': 0}, [], 0
        self.seq, self.hash, self.time = 0, bytes(32), 0  # the last notice that was taken; a real plugin keeps this
        self.blind, self.asked = None, 0.0

    def may(self, key, roles, at_ms):
        """Had the signer this role at that time?"""
        check(any(entry['sign'] == key and entry['role'] & roles and entry['not_before'] <= at_ms < entry['not_after']
                  for entry in self.roster['entries']), 'signed by nobody who may')

    def connect(self):
        """Read the roster again, and connect to the next revocation service in it."""
        with open(os.path.join(self.folder, 'roster'), 'rb') as file:
            roster, key = open_signed(file.read(), 'roster')
        root = read_key(self.folder, 'root.pub', 'ed25519 public')
        check(key == root == roster['root'], 'the roster is not signed by our root key')
        check(roster['number'] >= self.roster['number'], 'the roster is older than the one before')
        self.roster = roster
        services = [entry for entry in roster['entries'] if entry['role'] == REVOCATION and entry.get('endpoint')]
        check(services, 'the roster has no revocation service')
        service, self.turn = services[self.turn % len(services)], self.turn + 1
        secret = z85.encode(read_key(self.folder, 'identity/curve.key', 'curve25519 secret'))
        for socket in self.sockets:
            socket.close(linger=0)
        self.sockets = [zmq.Context.instance().socket(kind) for kind in (zmq.SUB, zmq.DEALER)]
        for socket, where in zip(self.sockets, ('publisher', 'endpoint')):
            socket.curve_secretkey, socket.curve_publickey = secret, zmq.curve_public(secret)
            socket.curve_serverkey = z85.encode(service['curve'])
            socket.maxmsgsize = 2 << 20
            socket.connect(service[where])
        for topic in ('notice.', 'head'):
            self.sockets[0].subscribe(topic)
        self.asked, self.heard = 0.0, time.monotonic()

    def fetch(self):
        """Ask for what was missed, at most once a second."""
        if time.monotonic() - self.asked >= 1:
            self.asked = time.monotonic()
            self.sockets[1].send(msgpack.packb({'v': 1, 't': 'notices_get', 'id': 1, 'from': self.seq + 1}), zmq.DONTWAIT)

    def take_head(self, frame):
        head, key = open_signed(frame, 'head')
        now_ms, seq = int(time.time() * 1000), head.get('seq', 0)
        self.may(key, REVOCATION, max(now_ms, self.roster['issued']))
        check(abs(now_ms - head['time']) <= FRESH_S * 1000, 'an old head')
        check(seq > self.seq or (seq == self.seq and head['hash'] == self.hash), 'the log was cut or forked')
        if seq > self.seq:
            self.fetch()
        if self.blind is not False:
            say('sees: head %d', seq)
        self.blind, self.heard = False, time.monotonic()

    def take_notice(self, frame):
        notice, key = open_signed(frame, 'notice')
        if notice['seq'] > self.seq + 1:
            return self.fetch()
        own_hash = hashlib.sha256(frame).digest()
        check(notice['seq'] < self.seq or notice['seq'] == self.seq + 1 or own_hash == self.hash, 'the log was forked')
        if notice['seq'] <= self.seq:
            return None
        self.may(key, REVOCATION, notice['time'])
        check(self.time <= notice['time'] <= (time.time() + FRESH_S) * 1000, 'its date is out of order')
        check(notice['previous'] == self.hash, 'it does not follow: the log was forked')
        kind, rule = notice['kind'], KINDS.get(notice['kind'])
        cause = {}
        if rule:
            cause, signer = open_signed(notice['cause'], rule[0])
            self.may(signer, rule[1], notice['time'])
            check(cause['node'] == notice['node'] and rule[2](cause), 'its cause is no ground for it')
        check(rule or kind not in KINDS or not notice.get('cause'), 'it must have no cause')
        if kind in KINDS:
            check_repeated(notice, kind, cause)
        self.seq, self.hash, self.time = notice['seq'], own_hash, notice['time']
        if kind in KINDS:
            say('notice %d %s %s severity %d: %s', self.seq, kind, notice['node'].hex(), notice.get('severity', 0),
                ascii(notice.get('reason', '')))
        return None

    def take_many(self, frame):
        """A batch that was published, or an answer to fetch; its head."""
        message, before = unpack(frame, 'notices'), self.seq
        for item in message.get('notices', []):
            self.take_notice(item['bytes'])
        self.asked = 0.0 if self.seq > before else self.asked  # there may be more
        return message['head']

    def take(self, socket, frames):
        is_many = msgpack.unpackb(frames[-1]).get('t') == 'notices'
        if socket is self.sockets[1]:
            if is_many:
                self.take_many(frames[0])
                if not self.asked:
                    self.fetch()
        elif is_many:
            self.take_head(self.take_many(frames[1]))
        elif frames[0] == b'head':
            self.take_head(frames[1])
        else:
            self.take_notice(frames[1])

    def run(self):
        self.connect()
        while True:
            for socket in zmq.select(self.sockets, [], [], 1)[0]:
                try:
                    frames = socket.recv_multipart(zmq.DONTWAIT)
                    check(len(frames) == (2 if socket is self.sockets[0] else 1), 'wrong number of frames')
                    self.take(socket, frames)
                except zmq.Again:
                    pass
                except BAD as fault:
                    say('refused: %s', ascii(fault))
            if time.monotonic() - self.heard > BLIND_S:
                if not self.blind:
                    say('blind: no valid head for %d s', BLIND_S)
                self.blind = True
                self.heard = time.monotonic()  # tried again when as long has passed once more
                try:
                    self.connect()
                except (OSError, *BAD) as fault:
                    say('refused: roster: %s', ascii(fault))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        Subscriber(sys.argv[1]).run()
    except KeyboardInterrupt:
        pass


if __name__ == '__main__':
    main()
