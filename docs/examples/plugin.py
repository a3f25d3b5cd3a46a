#!/usr/bin/env python3
"""A plugin in 30 lines: acts on each notice, in order, and goes on where it stopped.

usage: plugin.py FOLDER    plugins/NAME, as `limebus keys add plugin NAME` made it; it keeps its place in there

What is published rings the bell, each second at least; what it acts on is fetched by number. Whatever does not hold, and 5 s of
silence, end it: let your service manager start it anew. Then it goes on behind the last notice that it acted on, with any of the
revocation services. subscriber.py has what is left out here: it looks what causes say, tells when it is blind, and needs nobody
to start it anew.
"""
import hashlib, os, random, sys, msgpack, zmq, zmq.utils.z85 as z85
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CAUSES = {'revoked': 4, 'suspended': 96, 'reinstated': 96, 'node-removed': 64}  # whose signed word each needs: roles
key = lambda name: bytes.fromhex(open(name, encoding='ascii').read().split()[-1])


def opened(frame, roles, at=None, node=None):
    """What a `signed` says, if its signer was in the roster with one of these roles at that time. Else it ends here."""
    body = msgpack.unpackb((signed := msgpack.unpackb(frame))['body'])
    Ed25519PublicKey.from_public_bytes(signed['key']).verify(signed['sig'], b'limebus signed v1\0' + signed['body'])
    return next(body for one in roster if one['sign'] == signed['key'] and one['role'] & roles and node in (None, body.get('node'))
                and one['not_before'] <= (at or body['time']) < one['not_after'])


os.chdir(sys.argv[1])
roster = [{'sign': key('root.pub'), 'role': 256, 'not_before': 0, 'not_after': 2}]  # to begin with
roster = opened(open('roster', 'rb').read(), 256, at=1)['entries']
service = random.choice([one for one in roster if one['role'] == 8 and one.get('endpoint')])
place = msgpack.unpackb(open('place', 'rb').read()) if os.path.exists('place') else {'seq': 0, 'hash': bytes(32)}
ask, bell = zmq.Context.instance().socket(zmq.DEALER), zmq.Context.instance().socket(zmq.SUB)
for socket, where in (ask, 'endpoint'), (bell, 'publisher'):
    socket.curve_publickey, socket.curve_secretkey = zmq.curve_public(secret := z85.encode(key('identity/curve.key'))), secret
    socket.curve_serverkey, socket.rcvtimeo = z85.encode(service['curve']), 5000
    socket.connect(service[where])
bell.subscribe(b'')
while bell.recv_multipart():
    ask.send(msgpack.packb({'v': 1, 't': 'notices_get', 'id': 1, 'from': place['seq'] + 1}))
    for item in msgpack.unpackb(ask.recv()).get('notices', []):
        notice = opened(item['bytes'], 8)
        (notice['seq'], notice['previous']) == (place['seq'] + 1, place['hash']) or sys.exit('the log was forked')
        notice['kind'] in CAUSES and opened(notice['cause'], CAUSES[notice['kind']], notice['time'], notice['node'])
        print(notice['seq'], notice['kind'], notice['node'].hex(), flush=True)  # act: perhaps for the second time
        place = {'seq': notice['seq'], 'hash': hashlib.sha256(item['bytes']).digest()}
        open('place.new', 'wb').write(msgpack.packb(place))
        os.replace('place.new', 'place')
