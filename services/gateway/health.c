/* GET /healthz: for load balancers, which look at the status, and for people, who look at the rest. */
#include "lib/json/json_write.h"
#include "services/gateway/inner.h"

static const char *state_of(const struct gateway *gateway)
{
	uint64_t now = gateway_now(gateway);

	if (gateway_is_blind(gateway))
		return "blind";
	if (gateway->authority.certificate.len == 0)
		return "no-ca";
	if (gateway->copies[0].document == NULL)
		return "no-crl";
	return now >= gateway->copies[0].until ? "old-crl" : "ok";
}

static void write_copy(struct json_write *w, const struct crl_copy *copy, uint64_t now)
{
	if (copy->document == NULL)
		return;
	json_write_object(w, copy->is_delta ? "delta" : "crl");
	json_write_u64(w, "number", copy->number);
	json_write_u64(w, "age_ms", now > copy->since ? now - copy->since : 0);
	json_write_u64(w, "left_ms", now < copy->until ? copy->until - now : 0);
	json_write_u64(w, "bytes", document_bytes(copy->document).len);
	json_write_close(w);
}

static void write_ocsp(struct json_write *w, const struct gateway *gateway)
{
	const struct cache_counts *counts = cache_counts(gateway->cache);
	size_t asking = 0;

	for (const struct asking *one = gateway->asking; one != NULL; one = one->next)
		asking++;
	json_write_object(w, "ocsp");
	json_write_u64(w, "kept", counts->entries);
	json_write_u64(w, "kept_bytes", counts->bytes);
	json_write_u64(w, "hits", counts->hits);
	json_write_u64(w, "misses", counts->misses);
	json_write_u64(w, "dropped", counts->dropped);
	json_write_u64(w, "fetched", gateway->fetched);
	json_write_u64(w, "refused", gateway->refused);
	json_write_u64(w, "asking", asking);
	json_write_close(w);
}

static void write_http(struct json_write *w, const struct http_counts *counts)
{
	json_write_object(w, "http");
	json_write_u64(w, "connections", counts->connections);
	json_write_u64(w, "accepted", counts->accepted);
	json_write_u64(w, "refused", counts->refused);
	json_write_u64(w, "evicted", counts->evicted);
	json_write_u64(w, "late", counts->late);
	json_write_u64(w, "requests", counts->requests);
	json_write_u64(w, "errors", counts->errors);
	json_write_close(w);
}

static enum rc render(const struct gateway *gateway, const char *state, struct blob *out)
{
	struct json_write w = json_write_begin(out, JSON_PRETTY);

	json_write_object(&w, NULL);
	json_write_cstr(&w, "state", state);
	json_write_u64(&w, "time", gateway_now(gateway));
	json_write_u64(&w, "roster", roster_number(gateway->roster));
	follow_write_status(gateway->follow, &w);
	for (size_t i = 0; i < COUNT(gateway->copies); i++)
		write_copy(&w, &gateway->copies[i], gateway_now(gateway));
	write_ocsp(&w, gateway);
	write_http(&w, http_counts(gateway->http));
	json_write_close(&w);
	return json_write_end(&w);
}

void health_on_get(void *ctx, struct http_request *request)
{
	const struct gateway *gateway = ctx;
	const char *state = state_of(gateway);
	DROP(blob_release) struct blob text = {0};

	if (render(gateway, state, &text) != RC_OK)
		http_say(request, 500, "Out of memory");
	else
		http_send(
			request, strcmp(state, "ok") == 0 ? 200 : 503, "application/json", blob_span(&text));
}
