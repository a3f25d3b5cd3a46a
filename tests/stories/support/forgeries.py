#!/usr/bin/env python3
"""Feeds a notice log to docs/examples/subscriber.py, forged in one way, singly and as a batch; succeeds if exactly the
forgery is not taken.

usage: forgeries.py PLUGIN_FOLDER NOTICE_LOG FORGERY    the log: provisioned, suspended, reinstated, revoked
"""
import os
import sys

import msgpack
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import subscriber

FOLDER, LOG, FORGERY = sys.argv[1:]


def notices():
    with open(LOG, 'rb') as file:
        while length := file.read(4):
            yield file.read(int.from_bytes(length, 'big'))


def signed_again(frame, folder, **changes):
    """The same notice with other fields, or none where the value is None, signed with this folder's key."""
    body = msgpack.unpackb(msgpack.unpackb(frame)['body'])
    body = {key: value for key, value in {**body, **changes}.items() if value is not None}
    key = Ed25519PrivateKey.from_private_bytes(subscriber.read_key(folder, 'identity/sign.key', 'ed25519 secret'))
    body = msgpack.packb(body)
    return msgpack.packb({'v': 1, 't': 'signed', 'body': body,
                          'key': key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
                          'sig': key.sign(b'limebus signed v1\0' + body)})


def cause_of(frame):
    return msgpack.unpackb(msgpack.unpackb(frame)['body'])['cause']


def take_singly(plugin, frames):
    for frame in frames:
        plugin.take_notice(frame)


def take_as_batch(plugin, frames):
    plugin.take_many(msgpack.packb({'v': 1, 't': 'notices', 'notices': [{'bytes': frame} for frame in frames], 'head': b'-'}))


def is_judged_rightly(take, frames, taken):
    plugin = subscriber.Subscriber(FOLDER)
    plugin.connect()
    plugin.fetch = lambda: None
    try:
        take(plugin, frames)
        refused = False
    except subscriber.BAD as fault:
        print('refused: %r' % fault)
        refused = True
    return plugin.seq == taken and refused == (FORGERY not in ('none', 'order'))


def main():
    log, service = list(notices()), os.path.dirname(LOG)
    forged = {  # stands in the second one's place
        'none': lambda: log[1],
        'bit': lambda: log[1][:-1] + bytes([log[1][-1] ^ 1]),
        'signer': lambda: signed_again(log[1], FOLDER),
        'cause': lambda: signed_again(log[1], service, cause=cause_of(log[2])),
        'causeless': lambda: signed_again(log[1], service, cause=None),
        'reasons': lambda: signed_again(log[1], service, reasons=[{'code': 'another'}]),
        'evidence': lambda: signed_again(log[1], service, evidence=bytes(32)),
        'order': lambda: log[2],
        'fork': lambda: signed_again(log[0], service, reason='another'),
    }[FORGERY]()
    rest = log[2:] if FORGERY == 'none' else []
    taken = len(log) if FORGERY == 'none' else 1
    sys.exit(not all(is_judged_rightly(take, [log[0], forged] + rest, taken) for take in (take_singly, take_as_batch)))


main()
