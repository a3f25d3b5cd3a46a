#include "lib/evidence/signature_list.h"

#include "lib/base/drop.h"
#include "lib/crypto/digest.h"
#include "lib/evidence/cursor_le.h"

/* UEFI 2.10, 32.4.1: the types of signatures, in the order of SIGNATURE_KINDS. */
static const char *const signature_guids[] = {
	[SIGNATURE_X509] = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072",
	[SIGNATURE_SHA256] = "c1c41626-504c-4092-aca9-41f936934328",
	[SIGNATURE_SHA1] = "826ca512-cf10-4ac9-b187-be01496631bd",
	[SIGNATURE_SHA224] = "0b6e5233-a65c-44c9-9407-d9ab83bfc8bd",
	[SIGNATURE_SHA384] = "ff3e5307-9fd0-48c9-85f1-8ad56c701e01",
	[SIGNATURE_SHA512] = "093e0fae-a6c4-4f50-9f1b-d41e2b89c19a",
	[SIGNATURE_RSA2048] = "3c5766e8-269c-4e34-aa14-ed776e85b3b6",
	[SIGNATURE_RSA2048_SHA256] = "e2b36190-879b-4a3d-ad8d-f2e7bba32784",
	[SIGNATURE_RSA2048_SHA1] = "67f8444f-8743-48f1-a328-1eaab8736080",
	[SIGNATURE_X509_SHA256] = "3bd2a492-96c0-4079-b420-fcf98ef103ed",
	[SIGNATURE_X509_SHA384] = "7076876e-80c2-4ee6-aad2-28b349a6865b",
	[SIGNATURE_X509_SHA512] = "446dbf63-2502-4cda-bcfa-2465d2b0fe9d",
	[SIGNATURE_PKCS7] = "4aafd29d-68df-49ee-8aa9-347d375665a7",
	[SIGNATURE_SM3] = "57347f87-7a9b-403a-b93c-dc4afb7a0ebc",
	[SIGNATURE_X509_SM3] = "60d807e5-10b4-49a9-9331-e40437888d37",
};
_Static_assert(COUNT(signature_guids) == SIGNATURE_OTHER, "a GUID for each kind");

struct kind_facts {
	const char *name;
	size_t bytes;
};

static const struct kind_facts kinds[] = {
#define SIGNATURE_KIND_ROW(name, words, bytes) {words, bytes},
	SIGNATURE_KINDS(SIGNATURE_KIND_ROW)
#undef SIGNATURE_KIND_ROW
		[SIGNATURE_OTHER] = {"other", 0},
};

const char *signature_kind_name(enum signature_kind kind)
{
	return kinds[kind <= SIGNATURE_OTHER ? kind : SIGNATURE_OTHER].name;
}

static enum signature_kind kind_of(const uint8_t *type)
{
	char text[GUID_TEXT_BYTES];
	size_t kind = 0;

	guid_text(type, text);
	while (kind < SIGNATURE_OTHER && strcmp(signature_guids[kind], text) != 0)
		kind++;
	return (enum signature_kind)kind;
}

/* The head of a list: type, bytes of the list, of its header, of each entry; then the header. */
static enum rc list_open(struct signature_lists *lists)
{
	struct cursor cursor = cursor_at(lists->left);
	struct span type = {0};
	struct span skipped = {0};
	uint32_t list_bytes = 0;
	uint32_t header_bytes = 0;
	uint32_t entry_bytes = 0;
	size_t head;

	TRY(cursor_bytes(&cursor, GUID_BYTES, &type));
	TRY(cursor_le32(&cursor, &list_bytes));
	TRY(cursor_le32(&cursor, &header_bytes));
	TRY(cursor_le32(&cursor, &entry_bytes));
	TRY(cursor_bytes(&cursor, header_bytes, &skipped));
	head = lists->left.len - cursor.left.len;
	if (list_bytes < head)
		return RC_MALFORMED;
	TRY(cursor_bytes(&cursor, list_bytes - head, &lists->entries));
	if (lists->entries.len > 0 && (entry_bytes <= GUID_BYTES || lists->entries.len % entry_bytes != 0))
		return RC_MALFORMED;
	lists->type = type.at;
	lists->entry_bytes = entry_bytes;
	lists->left = cursor.left;
	return RC_OK;
}

static enum rc entry_next(struct signature_lists *lists, struct signature_entry *out)
{
	struct signature_entry entry = {0};

	while (lists->entries.len == 0) {
		if (lists->left.len == 0)
			return RC_NOT_FOUND;
		TRY(list_open(lists));
	}
	entry.kind = kind_of(lists->type);
	entry.type = lists->type;
	entry.owner = lists->entries.at;
	entry.data = span_of(lists->entries.at + GUID_BYTES, lists->entry_bytes - GUID_BYTES);
	if (kinds[entry.kind].bytes != 0 && kinds[entry.kind].bytes != entry.data.len)
		return RC_MALFORMED;
	lists->entries =
		span_of(lists->entries.at + lists->entry_bytes, lists->entries.len - lists->entry_bytes);
	*out = entry;
	return RC_OK;
}

enum rc signature_lists_next(struct signature_lists *lists, struct signature_entry *out)
{
	enum rc rc = entry_next(lists, out);

	if (rc != RC_OK)
		*lists = (struct signature_lists){0};
	return rc;
}

/* A DER sequence with two bytes of length that fills the span: any certificate is between 256 and 65535. */
static bool is_certificate(struct span in)
{
	return in.len > 4 && in.at[0] == 0x30 && in.at[1] == 0x82 &&
	       ((size_t)in.at[2] << 8 | in.at[3]) + 4 == in.len;
}

enum rc signature_data_parse(struct span in, struct signature_entry *out)
{
	struct signature_entry entry = {.kind = SIGNATURE_OTHER, .owner = in.at, .data = in};

	if (is_certificate(in)) {
		*out = (struct signature_entry){.kind = SIGNATURE_X509, .data = in};
		return RC_OK;
	}
	if (in.len <= GUID_BYTES)
		return RC_MALFORMED;
	entry.data = span_of(in.at + GUID_BYTES, in.len - GUID_BYTES);
	if (is_certificate(entry.data))
		entry.kind = SIGNATURE_X509;
	else if (entry.data.len == DIGEST_SHA256_BYTES)
		entry.kind = SIGNATURE_SHA256;
	*out = entry;
	return RC_OK;
}
