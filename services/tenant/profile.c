#include "services/tenant/profile.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "lib/pki/san.h"
#include "lib/trust/signed.h"

bool profile_options_are_given(const struct profile_options *given)
{
	return given->tags.count + given->names.count + given->addresses.count != 0;
}

static bool is_tag(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > NAME_MAX_BYTES)
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") == len;
}

static enum rc add_tags(const struct text_list *tags, struct blob *raw, struct err *err)
{
	for (size_t i = 0; i < tags->count; i++) {
		struct elem_tag item = {span_text(tags->at[i])};

		if (!is_tag(tags->at[i]))
			return err_set(err, RC_MALFORMED,
				"--tag: expected up to %u letters, digits, '-', '_', '.' and ':', found \"%.80s\"",
				NAME_MAX_BYTES, tags->at[i]);
		TRY(ELEM_APPEND(tag, &item, raw));
	}
	return RC_OK;
}

static enum rc add_names(const struct text_list *names, struct blob *raw, struct err *err)
{
	for (size_t i = 0; i < names->count; i++) {
		struct elem_dns_name item = {span_text(names->at[i])};

		if (!san_holds((struct san){SAN_DNS, item.name}))
			return err_set(err, RC_MALFORMED,
				"--dns: expected a host name as web1.example.org, without wildcards, found \"%.80s\"",
				names->at[i]);
		TRY(ELEM_APPEND(dns_name, &item, raw));
	}
	return RC_OK;
}

static enum rc add_addresses(const struct text_list *addresses, struct blob *raw, struct err *err)
{
	for (size_t i = 0; i < addresses->count; i++) {
		uint8_t bytes[SAN_IP_BYTES];
		struct elem_address item = {span_of(bytes, 0)};

		if (san_ip(span_text(addresses->at[i]), bytes, &item.address.len) != RC_OK)
			return err_set(err, RC_MALFORMED,
				"--address: expected an address as 10.0.0.7 or 2001:db8::7, found \"%.80s\"",
				addresses->at[i]);
		TRY(ELEM_APPEND(address, &item, raw));
	}
	return RC_OK;
}

enum rc profile_put(struct session *session, const uint8_t node[static NODE_ID_BYTES],
	const struct profile_options *given, struct err *err)
{
	DROP(blob_release) struct blob tags = {0};
	DROP(blob_release) struct blob names = {0};
	DROP(blob_release) struct blob addresses = {0};
	DROP(blob_release) struct blob envelope = {0};
	DROP(answer_release) struct answer answer = {0};
	struct msg body = {.type = MSG_TYPE_profile};
	struct msg put = {.type = MSG_TYPE_profile_put};

	TRY(add_tags(&given->tags, &tags, err));
	TRY(add_names(&given->names, &names, err));
	TRY(add_addresses(&given->addresses, &addresses, err));
	body.profile = (struct msg_profile){.node = span_of(node, NODE_ID_BYTES),
		.tags = {blob_span(&tags), given->tags.count},
		.names = {blob_span(&names), given->names.count},
		.addresses = {blob_span(&addresses), given->addresses.count},
		.time = session_now(session)};
	TRY(signed_make(session_signer(session), &body, &envelope, err));
	put.profile_put.request = blob_span(&envelope);
	return session_ask(session, ROLE_REVOCATION, &put, MSG_TYPE_ok, &answer, err);
}

enum rc profile_get(struct session *session, struct span node, struct answer *answer, struct signed_msg *out,
	struct err *err)
{
	struct msg request = {.type = MSG_TYPE_profile_get, .profile_get = {node}};

	TRY(session_ask(session, ROLE_REVOCATION, &request, MSG_TYPE_profile_info, answer, err));
	TRY(signed_open(answer->msg.profile_info.profile, MSG_TYPE_profile, out, err));
	TRY(roster_may_sign(session_roster(session), out->key, MSG_TYPE_profile, ROLES_PROVISION,
		out->msg.profile.time, err));
	return span_equal(out->msg.profile.node, node)
	               ? RC_OK
	               : err_set(err, RC_DENIED,
				 "the revocation service answers with another node's profile");
}

const char *profile_address(struct span address, char out[static PROFILE_ADDRESS_BYTES])
{
	if ((address.len != 4 && address.len != 16) ||
		inet_ntop(address.len == 4 ? AF_INET : AF_INET6, address.at, out, PROFILE_ADDRESS_BYTES) ==
			NULL)
		snprintf(out, PROFILE_ADDRESS_BYTES, "?");
	return out;
}
