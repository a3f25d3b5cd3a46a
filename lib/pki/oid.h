/* Private to lib/pki: object identifiers, as the content of their DER. span_is does not fit them: some hold
 * zero octets. */
#ifndef LIMEBUS_PKI_OID_H
#define LIMEBUS_PKI_OID_H

#include "lib/base/span.h"

#define OID(name, ...) static const uint8_t oid_##name[] __attribute__((unused)) = {__VA_ARGS__}

/* RFC 5280, appendix A: id-at-commonName, id-ce-… */
OID(common_name, 0x55, 4, 3);
OID(subject_key_id, 0x55, 29, 14);
OID(key_usage, 0x55, 29, 15);
OID(subject_alt_name, 0x55, 29, 17);
OID(basic_constraints, 0x55, 29, 19);
OID(crl_number, 0x55, 29, 20);
OID(crl_reason, 0x55, 29, 21);
OID(delta_crl, 0x55, 29, 27);
OID(certificate_issuer, 0x55, 29, 29);
OID(name_constraints, 0x55, 29, 30);
OID(crl_points, 0x55, 29, 31);
OID(authority_key_id, 0x55, 29, 35);
OID(ext_key_usage, 0x55, 29, 37);
OID(freshest_crl, 0x55, 29, 46);
/* id-pe-authorityInfoAccess, id-ad-ocsp, id-ad-caIssuers */
OID(info_access, 0x2b, 6, 1, 5, 5, 7, 1, 1);
OID(ad_ocsp, 0x2b, 6, 1, 5, 5, 7, 48, 1);
OID(ad_ca_issuers, 0x2b, 6, 1, 5, 5, 7, 48, 2);
/* id-kp-serverAuth, id-kp-clientAuth, id-kp-OCSPSigning, id-kp-ipsecIKE */
OID(kp_server, 0x2b, 6, 1, 5, 5, 7, 3, 1);
OID(kp_client, 0x2b, 6, 1, 5, 5, 7, 3, 2);
OID(kp_ocsp, 0x2b, 6, 1, 5, 5, 7, 3, 9);
OID(kp_ipsec_ike, 0x2b, 6, 1, 5, 5, 7, 3, 17);
/* RFC 6960: id-pkix-ocsp-basic, -nonce, -nocheck */
OID(ocsp_basic, 0x2b, 6, 1, 5, 5, 7, 48, 1, 1);
OID(ocsp_nonce, 0x2b, 6, 1, 5, 5, 7, 48, 1, 2);
OID(ocsp_nocheck, 0x2b, 6, 1, 5, 5, 7, 48, 1, 5);
/* id-sha1, id-sha256 */
OID(sha1, 0x2b, 14, 3, 2, 26);
OID(sha256, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1);

#endif
