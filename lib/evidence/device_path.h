/* UEFI device paths (UEFI 2.10, 10.3) as text. */
#ifndef LIMEBUS_EVIDENCE_DEVICE_PATH_H
#define LIMEBUS_EVIDENCE_DEVICE_PATH_H

#include "lib/base/rc.h"
#include "lib/base/span.h"

/*
 * "PciRoot(0x0)/Pci(0x1f,0x2)/HD(1,GPT,…)/\EFI\BOOT\BOOTX64.EFI": the nodes that boot logs hold in the form
 * of UEFI 2.10, 10.6; others as Path(type,subtype,hex). Never fails: what is malformed ends the text with
 * "/malformed". Writes at most room - 1 bytes and a NUL; returns the length without a limit.
 */
size_t device_path_text(struct span path, char *out, size_t room);

/* The file at its end: UTF-16 with the terminator off, several nodes are not joined (the last one counts).
 * RC_NOT_FOUND without one, RC_MALFORMED for lengths that do not fit. */
MUST_USE enum rc device_path_file(struct span path, struct span *out);

#endif
