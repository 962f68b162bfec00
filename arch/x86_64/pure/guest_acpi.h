/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's ACPI tables (ACPI 6.5 chapter 5): RSDP, XSDT, FADT, FACS, MADT, DSDT. Pure. */
#ifndef X86_PURE_GUEST_ACPI_H
#define X86_PURE_GUEST_ACPI_H

#include <mullion/config.h>

/** guest_acpi_write() - write the tables of @guest to @tables, which the guest sees at @gpa and
 * which has @bytes, and its RSDP of 36 bytes to @rsdp. Returns the bytes used, or 0 if they do not
 * suffice. Any context. */
u32 guest_acpi_write(const struct config_guest *guest, u8 *tables, u32 bytes, u64 gpa, u8 *rsdp);

#endif
