/* limebus ca init: an offline root, and below it the CA that the revocation services sign with. */
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/crypto/random.h"
#include "lib/pki/ca_folder.h"
#include "lib/pki/pem.h"
#include "services/tenant/ca.h"
#include "services/tenant/ca_equip.h"
#include "services/tenant/deployment.h"

#define YEAR_MS         ((uint64_t)365 * 86400000)
#define SKEW_MS         ((uint64_t)3600 * 1000)
#define PASSPHRASE_FILE "passphrase"

static const char *const homes[] = {"software", "tpm", "token", NULL};

struct init_options {
	char *folder;
	char *name;
	char *url;
	char *root_passphrase;
	unsigned home;
	char *key;
	char *module;
	char *tcti;
	char *secret;
	uint64_t root_years;
	uint64_t years;
};

static const struct option options[] = {
	{OPTION_PATH(struct init_options, folder), .name = "dir", .fallback = ".",
		.help = "The deployment's folder, as limebus keys init made it."},
	{OPTION_TEXT(struct init_options, name), .name = "name", .fallback = "limebus", .max = 48,
		.help = "What the certificates of root and CA are called; they add \" root\" and \" CA\"."},
	{OPTION_TEXT(struct init_options, url), .name = "url", .fallback = "", .max = 200,
		.help = "Where limebus-gateway answers, as relying parties reach it: http://pki.example.org:8080. It stands in "
			"every certificate, for CRL and OCSP. Without it revocation is seen by those only who are given CRLs."},
	{OPTION_PATH(struct init_options, root_passphrase), .name = "root-passphrase", .fallback = "",
		.help = "File with the passphrase of the root's key. Without it one is made, in ca-root/passphrase."},
	{OPTION_WORD(struct init_options, home), .name = "home", .fallback = "software", .words = homes,
		.help = "Where the key that signs lives: in an encrypted file, in this machine's TPM, or in a PKCS #11 token. In "
			"a TPM or token it is made here: run this where the revocation service runs."},
	{OPTION_TEXT(struct init_options, key), .name = "key", .fallback = "",
		.help = "Home token: its URI, as pkcs11:token=limebus;object=ca."},
	{OPTION_PATH(struct init_options, module), .name = "module", .fallback = "",
		.help = "Home token: the module's shared object."},
	{OPTION_TEXT(struct init_options, tcti), .name = "tcti", .fallback = "",
		.help = "Home tpm: how the TPM is reached, as device:/dev/tpmrm0."},
	{OPTION_PATH(struct init_options, secret), .name = "secret", .fallback = "",
		.help = "File with the token's PIN, or the passphrase of the key that signs. Home software: without it one is "
			"made."},
	{OPTION_U64(struct init_options, root_years), .name = "root-years", .fallback = "20", .min = 1,
		.max = 50, .help = "How long the root is good for."},
	{OPTION_U64(struct init_options, years), .name = "years", .fallback = "5", .min = 1, .max = 30,
		.help = "How long the CA is good for."},
};

static const struct program program = {
	.name = "limebus ca init",
	.summary = "make the CA of a deployment: an offline root and what signs below it",
	.about =
		"Makes a root (ca-root/), which belongs offline, and below it the CA with which the revocation service signs "
		"nodes' certificates; puts the CA into the folder of every revocation service of the deployment, and its two "
		"lines into their configurations. Relying parties trust ca-root/root.crt. Nothing is overwritten.\n\n"
		"Example: limebus ca init --dir lab --url http://pki.example.org:8080",
	.options = options,
	.count = COUNT(options),
	.exits = exit_texts,
};

/* ---- making ---- */

struct init {
	const struct init_options *given;
	uint64_t now_ms;
	struct deployment deployment;
	char root[PATH_MAX];    /* ca-root/ */
	char service[PATH_MAX]; /* of the first revocation service */
	char path[PATH_MAX];    /* of the CA's folder there */
	struct ca_folder folder;
	struct blob secret;
	struct private_key *key; /* that signs */
};

static void init_release(struct init *init)
{
	deployment_release(&init->deployment);
	ca_folder_release(&init->folder);
	blob_release(&init->secret);
	private_key_release(&init->key);
}

/* The first line of a file, or 160 random bits in a new one. */
static enum rc secret_of(const char *given, const char *made, struct blob *out, struct err *err)
{
	uint8_t bytes[20];
	char digits[HEX_BYTES(sizeof bytes)];

	if (given != NULL) {
		TRY(file_read_secret(given, PRIVATE_KEY_PASSPHRASE_MAX, out, err));
		while (out->len != 0 && (out->at[out->len - 1] == '\n' || out->at[out->len - 1] == '\r'))
			out->len--;
		return out->len == 0 ? err_set(err, RC_MALFORMED, "%s: is empty", given) : RC_OK;
	}
	TRY(random_fill(bytes, sizeof bytes, err));
	hex_encode(SPAN(bytes), digits);
	TRY(blob_append(out, span_text(digits)));
	return file_create(made, blob_span(out), 0600, err);
}

static enum rc names_of(const struct init *init, const char *what, char out[static 65], struct err *err)
{
	snprintf(out, 65, "%s %s", init->given->name, what);
	return common_name_holds(span_text(out))
	               ? RC_OK
	               : err_set(err, RC_MALFORMED, "--name: expected printable ASCII, found \"%.60s\"",
				 init->given->name);
}

static enum rc make_root(struct init *init, struct issuer **out, struct err *err)
{
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(blob_release) struct blob passphrase = {0};
	DROP(blob_release) struct blob pem = {0};
	DROP(blob_release) struct blob certificate = {0};
	struct issue_order order = {.profile = ISSUE_ROOT,
		.from_ms = init->now_ms - SKEW_MS,
		.until_ms = init->now_ms + init->given->root_years * YEAR_MS};
	char path[PATH_MAX], name[65];

	TRY(names_of(init, "root", name, err));
	order.common_name = name;
	TRY(deployment_folder(init->root, err));
	TRY(deployment_path(init->root, PASSPHRASE_FILE, path, err));
	TRY(secret_of(init->given->root_passphrase, path, &passphrase, err));
	TRY(private_key_generate(KEY_P384, &key, err));
	TRY(private_key_to_pem(key, blob_span(&passphrase), &pem, err));
	TRY(deployment_path(init->root, "root.key", path, err));
	TRY(file_create(path, blob_span(&pem), 0600, err));
	TRY(serial_make(order.serial, err));
	TRY(issue_root(key, &order, &certificate, err));
	blob_clear(&pem);
	TRY(pem_write(PEM_CERTIFICATE, blob_span(&certificate), &pem));
	TRY(deployment_path(init->root, "root.crt", path, err));
	TRY(file_create(path, blob_span(&pem), 0644, err));
	return issuer_open(blob_span(&certificate), &key, out, err);
}

static enum rc make_key(struct init *init, struct err *err)
{
	const struct init_options *given = init->given;
	struct ca_key_place place = {0};
	char secret[PATH_MAX], room[4096];

	init->folder.home = (enum private_key_home)given->home;
	snprintf(init->folder.key, sizeof init->folder.key, "%s",
		given->home == PRIVATE_KEY_TOKEN ? given->key : CA_FOLDER_KEY);
	snprintf(init->folder.module, sizeof init->folder.module, "%s",
		given->module == NULL ? "" : given->module);
	snprintf(init->folder.tcti, sizeof init->folder.tcti, "%s", given->tcti == NULL ? "" : given->tcti);
	snprintf(init->folder.url, sizeof init->folder.url, "%s", given->url == NULL ? "" : given->url);
	TRY(deployment_path(init->service, CA_EQUIP_SECRET, secret, err));
	if (given->home == PRIVATE_KEY_SOFTWARE || given->secret != NULL)
		TRY(secret_of(given->secret, secret, &init->secret, err));
	if (given->secret != NULL)
		TRY(file_create(secret, blob_span(&init->secret), 0600, err));
	TRY(ca_folder_place(&init->folder, init->path, blob_span(&init->secret), room, &place, err));
	return ca_key_make(&place, KEY_P256, &init->key, err);
}

static enum rc certify(struct init *init, struct issuer *root, struct err *err)
{
	DROP(blob_release) struct blob spki = {0};
	struct issue_order order = {.profile = ISSUE_INTERMEDIATE,
		.from_ms = init->now_ms - SKEW_MS,
		.until_ms = init->now_ms + init->given->years * YEAR_MS};
	char name[65];

	TRY(names_of(init, "CA", name, err));
	order.common_name = name;
	TRY(serial_make(order.serial, err));
	TRY(public_key_to_der(private_key_public(init->key), &spki, err));
	order.spki = blob_span(&spki);
	TRY(issue(root, &order, &init->folder.certificate, err));
	init->folder.chain_count = 1;
	return blob_append(&init->folder.chain[0], issuer_certificate(root));
}

/* ---- the services ---- */

static bool is_revocation(const struct roster_member *member, uint64_t now_ms)
{
	return member->role == (unsigned)ROLE_REVOCATION && roster_member_is_valid(member, now_ms) &&
	       member->endpoint[0] != '\0';
}

/* The folder of the n-th revocation service; RC_NOT_FOUND: there is none. */
static enum rc service_folder(const struct init *init, size_t n, char out[static PATH_MAX], struct err *err)
{
	size_t count = 0;
	const struct roster_member *members = roster_members(init->deployment.roster, &count);

	for (size_t i = 0; i < count; i++)
		if (is_revocation(&members[i], init->now_ms) && n-- == 0)
			return deployment_member_folder(
				init->deployment.folder, ROLE_REVOCATION, members[i].name, out, err);
	return RC_NOT_FOUND;
}

static enum rc begin(struct init *init, struct err *err)
{
	const struct init_options *given = init->given;

	if (given->home == PRIVATE_KEY_TOKEN &&
		(given->key == NULL || given->module == NULL || given->secret == NULL))
		return err_set(err, RC_MALFORMED, "--home token needs --key, --module and --secret");
	init->now_ms = clock_wall_ms(clock_system());
	TRY(deployment_open(given->folder, &init->deployment, err));
	if (service_folder(init, 0, init->service, err) != RC_OK)
		return err_set(
			err, RC_NOT_FOUND, "%s: the roster names no revocation service", given->folder);
	TRY(deployment_path(given->folder, "ca-root", init->root, err));
	TRY(deployment_path(init->service, CA_EQUIP_FOLDER, init->path, err));
	return deployment_folder(init->path, err);
}

static enum rc make(struct init *init, struct err *err)
{
	DROP(issuer_release) struct issuer *root = NULL;
	char service[PATH_MAX];

	TRY(begin(init, err));
	TRY(make_root(init, &root, err));
	TRY(make_key(init, err));
	TRY(certify(init, root, err));
	TRY(ca_folder_save(init->path, &init->folder, err));
	TRY(ca_configure(init->service, init->secret.len != 0, err));
	for (size_t n = 1; service_folder(init, n, service, err) == RC_OK; n++)
		TRY(ca_equip(init->service, service, err));
	return RC_OK;
}

static void say(const struct init *init)
{
	printf("%s: a root for %llu years, and below it a CA for %llu years\n", init->given->folder,
		(unsigned long long)init->given->root_years, (unsigned long long)init->given->years);
	printf("  ca-root/              root.crt is what relying parties trust; keep the rest offline%s\n",
		init->given->root_passphrase == NULL
			? ",\n                        and passphrase somewhere else"
			: "");
	printf("  <revocation>/ca/      the CA that signs (key: %s); start the revocation service again\n",
		private_key_home_name(init->folder.home));
	if (init->folder.url[0] == '\0')
		printf("  no --url              certificates name neither CRL nor OCSP\n");
	else
		printf("  %s   is where limebus-gateway must answer\n", init->folder.url);
}

static void options_release(struct init_options *given)
{
	program_release(&program, given);
}

int ca_init(const struct tenant_config *config, int argc, char **argv)
{
	DROP(options_release) struct init_options given = {0};
	DROP(init_release) struct init init = {.given = &given, .deployment = {.lock = -1}};
	struct program_start start = {0};
	struct err err = {0};
	int status = program_begin(&program, argc, argv, &given, &start);

	if (status != PROGRAM_GO)
		return status;
	err.rc = make(&init, &err);
	if (err.rc != RC_OK)
		return command_failed(&program, &err);
	if (!config->json)
		say(&init);
	return EXIT_DONE;
}
