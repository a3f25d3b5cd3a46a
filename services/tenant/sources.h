/*
 * `limebus policy create`: sources that no quote proves, since they show what a machine is meant to run: root
 * file systems, packages, initial RAM disks, and policies and lists that were made elsewhere.
 */
#ifndef LIMEBUS_TENANT_SOURCES_H
#define LIMEBUS_TENANT_SOURCES_H

#include "lib/policy/boot_policy.h"
#include "lib/policy/ima_builder.h"
#include "lib/policy/import_warning.h"
#include "services/tenant/options.h"

struct source_options {
	char *root; /* NULL: none */
	char *dpkg;
	struct text_list initrds;
	struct text_list skip; /* of root */
	unsigned hash;         /* index into source_hashes */
	bool only_code;        /* of root */
	struct text_list allow_lists;
	struct text_list exclude_lists;
	struct text_list runtime_policies;
	char *boot_state;
};

extern const char *const source_hashes[];

/* Rows of an option table whose configuration `type` has a struct source_options `in`. */
#define SOURCE_OPTIONS(type, in)                                                                                         \
	{OPTION_PATH(type, in.root), .name = "from-root", .fallback = "",                                                \
		.help = "A folder with a root file system: all regular files of that file system are allowed as "        \
			"they are now. Links are not followed."},                                                        \
		{OPTION_PATH(type, in.dpkg), .name = "from-dpkg", .fallback = "",                                        \
			.help = "A folder with a root file system of Debian or its like (/ for this machine): what its " \
				"packages installed is allowed; what was altered since is told and left out."},          \
		{OPTION_LIST(type, in.initrds, PATH), .name = "from-initrd", .fallback = "",                             \
			.repeats = true,                                                                                 \
			.help = "An initial RAM disk: cpio archives, plain or compressed, one behind the other."},       \
		{OPTION_LIST(type, in.skip, TEXT), .name = "skip", .fallback = "", .repeats = true,                      \
			.help = "With --from-root: leave out this path and all that is below it, as in /var/cache."},    \
		{OPTION_BOOL(type, in.only_code), .name = "executables-only", .fallback = "no",                          \
			.help = "With --from-root and --from-dpkg: only files with an execute bit, ELF files, and "      \
				"what lies in /lib/modules and /lib/firmware."},                                         \
		{OPTION_WORD(type, in.hash), .name = "hash", .fallback = "sha256", .words = source_hashes,               \
			.help = "The hash that the nodes' kernel measures with (ima_hash=), for --from-root, "           \
				"--from-dpkg and --from-initrd."},                                                       \
		{OPTION_LIST(type, in.allow_lists, PATH), .name = "from-allow-list", .fallback = "",                     \
			.repeats = true,                                                                                 \
			.help = "A list of digests and paths, as sha256sum writes it, or an allow-list of Keylime "      \
				"from before its runtime policies (JSON or text)."},                                     \
		{OPTION_LIST(type, in.exclude_lists, PATH), .name = "exclude-list", .fallback = "",                      \
			.repeats = true,                                                                                 \
			.help = "A list of regular expressions as Keylime takes them, one a line, anchored at the "      \
				"start only."},                                                                          \
		{OPTION_LIST(type, in.runtime_policies, PATH), .name = "import-runtime-policy",                          \
			.fallback = "",                                                                                  \
			.help = "A runtime policy of Keylime, as it is, in its envelope or without."},                   \
	{                                                                                                                \
		OPTION_PATH(type, in.boot_state),                                                                        \
			.name = "import-boot-state", .fallback = "",                                                     \
			.help = "A measured-boot reference state of Keylime, as it is."                                  \
	}

/* Where it all goes. Borrows. */
struct source_sink {
	struct ima_builder *ima;
	bool has_ima; /* something went into ima */
	struct boot_policy *boot;
	struct import_warnings *warnings;
	struct blob *comment; /* lines about what was imported */
};

bool sources_any(const struct source_options *options);

/* Read all of them. Envelopes must be signed as the configuration demands (policy_file.h). */
MUST_USE enum rc sources_read(const struct tenant_config *config, const struct source_options *options,
	struct source_sink *sink, struct err *err);

#endif
