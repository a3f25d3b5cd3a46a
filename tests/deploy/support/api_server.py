#!/usr/bin/python3
"""A server for the tests of webhook and vault: HTTPS (or HTTP), with answers that the test chooses.

usage: api_server.py FOLDER [CERTIFICATE KEY [CLIENT-CA]]

FOLDER/port gets its port; each request is a line of JSON in FOLDER/requests. FOLDER/answers, if it is there, has lines
"STATUS [HEADER=VALUE] [BODY…]", one used up by each request; without any, a Vault answers: a few accessors, leases and certificates
that are there until they are revoked, and 200 for everything that it does not know.
"""
import http.server
import json
import os
import ssl
import sys

FOLDER = sys.argv[1]
ACCESSORS = {'acc-1', 'acc-2'}
ENTITIES = {'aa' * 32: 'e-1'}
TOKEN = 's.right'


def next_answer():
    path = os.path.join(FOLDER, 'answers')
    try:
        with open(path, encoding='utf-8') as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return None
    if not lines:
        return None
    with open(path, 'w', encoding='utf-8') as file:
        file.write(''.join(line + '\n' for line in lines[1:]))
    return lines[0].split(' ')


def vault(method, path, body):
    if path == '/v1/auth/token/revoke-accessor' and method == 'POST':
        if body.get('accessor') not in ACCESSORS:
            return 400, {'errors': ['1 error occurred:\n\t* invalid accessor\n\n']}
        ACCESSORS.remove(body['accessor'])
        return 204, None
    if path.startswith('/v1/sys/leases/revoke-prefix/') and method == 'PUT':
        return 204, None
    if path == '/v1/pki/revoke' and method == 'POST':
        return 200, {'data': {'revocation_time': 1}}
    if path == '/v1/identity/lookup/entity' and method == 'POST':
        entity = ENTITIES.get(body.get('alias_name')) if body.get('alias_mount_accessor') == 'auth_cert_1' else None
        return (200, {'data': {'id': entity}}) if entity else (204, None)
    if path == '/v1/identity/entity/id/e-1' and body == {'disabled': True}:
        return 204, None
    return 404, {'errors': []}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self):
        raw = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        with open(os.path.join(FOLDER, 'requests'), 'a', encoding='utf-8') as file:
            file.write(json.dumps({'method': self.command, 'path': self.path, 'headers': dict(self.headers.items()),
                                   'body': raw.decode()}) + '\n')
        chosen = next_answer()
        headers, body = {}, None
        if chosen:
            status = int(chosen[0])
            rest = chosen[1:]
            while rest and '=' in rest[0]:
                name, value = rest.pop(0).split('=', 1)
                headers[name] = value
            body = ' '.join(rest).encode() * (2000000 if rest == ['flood'] else 1)
        elif self.path.startswith('/v1/'):
            if self.headers.get('X-Vault-Token') != TOKEN:
                status, body = 403, {'errors': ['permission denied']}
            else:
                status, body = vault(self.command, self.path, json.loads(raw or b'{}'))
            body = b'' if body is None else json.dumps(body).encode()
        else:
            status, body = 200, b'thanks'
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if status != 204:
            try:
                self.wfile.write(body)
            except OSError:
                pass

    do_POST = do_PUT = do_GET = do_DELETE = answer

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    if len(sys.argv) > 4:
        context.load_verify_locations(sys.argv[4])
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(os.path.join(FOLDER, 'port.new'), 'w', encoding='ascii') as port:
    port.write(str(server.server_port))
os.rename(os.path.join(FOLDER, 'port.new'), os.path.join(FOLDER, 'port'))
server.serve_forever()
