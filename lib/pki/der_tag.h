/* Private to lib/pki: tags of DER, all of one octet. */
#ifndef LIMEBUS_PKI_DER_TAG_H
#define LIMEBUS_PKI_DER_TAG_H

enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_UTF8_STRING = 0x0c,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};

/* [n], primitive (IMPLICIT of a string) and constructed (EXPLICIT, or IMPLICIT of a SEQUENCE). */
#define DER_CONTEXT(n) (0x80 | (n))
#define DER_NESTED(n)  (0xa0 | (n))

/* 23:59:59 on 31 December 9999: the last time that GeneralizedTime of RFC 5280 holds; 1 January 2050. */
#define DER_TIME_MAX_MS  253402300799000u
#define DER_TIME_2050_MS 2524608000000u

#endif
