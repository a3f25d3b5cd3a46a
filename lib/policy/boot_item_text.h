/* Rules and facts of a boot as text for people: printable ASCII, cut to fit. All return out. */
#ifndef LIMEBUS_POLICY_BOOT_ITEM_TEXT_H
#define LIMEBUS_POLICY_BOOT_ITEM_TEXT_H

#include "lib/policy/boot_fact.h"

/* Text that has been escaped where it could deceive (lib/evidence/event_text.h): what is not ASCII becomes
 * \xNN, long texts end with "...". room is at least 8. */
char *boot_printable(const char *text, char *out, size_t room);

/* "sha256 80a6... (\EFI\BOOT\BOOTX64.EFI)", "x509 4d4a... (CN=...)"; a text by itself if that is all there
 * is. */
char *boot_item_text(const struct boot_item *item, char *out, size_t room);

/* "event 27, pcr 4, boot-application \EFI\BOOT\BOOTX64.EFI" */
char *boot_fact_text(const struct boot_fact *fact, char *out, size_t room);

/* What a rule looks at: digest, signature or text. */
char *boot_fact_content_text(const struct boot_fact *fact, char *out, size_t room);

#endif
