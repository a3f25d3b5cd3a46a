#!/usr/bin/env python3
"""A CA for tests, of the python3-cryptography of the machine: certificates and CRLs as they are ordered, hostile ones, too.

usage: small_ca.py FOLDER new NAME [--issuer CA]         NAME.pem, NAME.key: a CA
       small_ca.py FOLDER leaf CA NAME [--dns D]... [--uri U]... [--serial HEX] [--days N] [--eku server|client]...
       small_ca.py FOLDER crl CA FILE NUMBER [SERIAL[:REASON]]... [--base N] [--part] [--from SECONDS] [--to SECONDS] [--der]
       small_ca.py FOLDER batch                          orders from standard input, a line each
                                                         REASON as in RFC 5280: certificateHold, removeFromCRL, …
"""
import argparse
import datetime
import os
import shlex
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.utcnow()


def write(path, content, mode=0o644):
    temporary = '%s.%d' % (path, os.getpid())
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), 'wb') as file:
        file.write(content)
    os.rename(temporary, path)


def save(folder, name, key, certificate):
    write(os.path.join(folder, name + '.key'), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()), 0o600)
    write(os.path.join(folder, name + '.pem'), certificate.public_bytes(serialization.Encoding.PEM))


def load(folder, name):
    with open(os.path.join(folder, name + '.key'), 'rb') as file:
        key = serialization.load_pem_private_key(file.read(), None)
    with open(os.path.join(folder, name + '.pem'), 'rb') as file:
        return key, x509.load_pem_x509_certificate(file.read())


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def new(args):
    key = ec.generate_private_key(ec.SECP256R1())
    issuer_key, issuer = load(args.folder, args.issuer) if args.issuer else (key, None)
    who = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (x509.CertificateBuilder().subject_name(name_of(args.name))
                   .issuer_name(issuer.subject if issuer else name_of(args.name)).public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(NOW - datetime.timedelta(hours=1)).not_valid_after(NOW + datetime.timedelta(days=30))
                   .add_extension(x509.BasicConstraints(True, None), True).add_extension(who, False)
                   .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
                   .sign(issuer_key, hashes.SHA256()))
    save(args.folder, args.name, key, certificate)


def leaf(args):
    ca_key, ca = load(args.folder, args.ca)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (x509.CertificateBuilder().subject_name(name_of(args.name)).issuer_name(ca.subject).public_key(key.public_key())
               .serial_number(int(args.serial, 16) if args.serial else x509.random_serial_number())
               .not_valid_before(NOW - datetime.timedelta(hours=1)).not_valid_after(NOW + datetime.timedelta(days=args.days))
               .add_extension(x509.BasicConstraints(False, None), True)
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), False))
    names = [x509.DNSName(n) for n in args.dns] + [x509.UniformResourceIdentifier(n) for n in args.uri]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    if args.eku:
        uses = {'server': ExtendedKeyUsageOID.SERVER_AUTH, 'client': ExtendedKeyUsageOID.CLIENT_AUTH}
        builder = builder.add_extension(x509.ExtendedKeyUsage([uses[e] for e in args.eku]), False)
    save(args.folder, args.name, key, builder.sign(ca_key, hashes.SHA256()))


def crl(args):
    ca_key, ca = load(args.folder, args.ca)
    builder = (x509.CertificateRevocationListBuilder().issuer_name(ca.subject)
               .last_update(NOW + datetime.timedelta(seconds=args.start)).next_update(NOW + datetime.timedelta(seconds=args.end))
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), False)
               .add_extension(x509.CRLNumber(int(args.number)), False))
    if args.base is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(args.base), True)
    if args.part:
        builder = builder.add_extension(x509.IssuingDistributionPoint(None, None, True, False, None, False, False), True)
    for entry in args.serials:
        serial, _, reason = entry.partition(':')
        revoked = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(NOW)
        if reason:
            revoked = revoked.add_extension(x509.CRLReason(x509.ReasonFlags(reason)), False)
        builder = builder.add_revoked_certificate(revoked.build())
    write(args.file, builder.sign(ca_key, hashes.SHA256()).public_bytes(
        serialization.Encoding.DER if args.der else serialization.Encoding.PEM))


def parser_of():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder')
    verbs = parser.add_subparsers(dest='verb', required=True)
    verb = verbs.add_parser('new')
    verb.add_argument('name')
    verb.add_argument('--issuer')
    verb.set_defaults(run=new)
    verb = verbs.add_parser('leaf')
    verb.add_argument('ca')
    verb.add_argument('name')
    verb.add_argument('--dns', action='append', default=[])
    verb.add_argument('--uri', action='append', default=[])
    verb.add_argument('--serial')
    verb.add_argument('--days', type=int, default=1)
    verb.add_argument('--eku', action='append', default=[])
    verb.set_defaults(run=leaf)
    verb = verbs.add_parser('crl')
    verb.add_argument('ca')
    verb.add_argument('file')
    verb.add_argument('number')
    verb.add_argument('serials', nargs='*')
    verb.add_argument('--base', type=int)
    verb.add_argument('--part', action='store_true')
    verb.add_argument('--from', dest='start', type=int, default=-60)
    verb.add_argument('--to', dest='end', type=int, default=3600)
    verb.add_argument('--der', action='store_true')
    verb.set_defaults(run=crl)
    verb = verbs.add_parser('batch')
    verb.set_defaults(run=batch)
    return parser


def batch(args):
    parser = parser_of()
    for line in sys.stdin:
        words = shlex.split(line)
        if words:
            order = parser.parse_args([args.folder] + words)
            order.run(order)


def main():
    args = parser_of().parse_args()
    args.run(args)


main()
