/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's ACPI tables (ACPI 6.5 chapter 5): RSDP, XSDT, FADT, FACS, MADT, DSDT. Pure. */
#ifndef X86_PURE_GUEST_ACPI_H
#define X86_PURE_GUEST_ACPI_H

#include <mullion/config.h>

/* Of the PM1 registers and the PM timer, from the first port of a device acpi-pm on. */
#define ACPI_PM1_EVENT   0u
#define ACPI_PM1_CONTROL 4u
#define ACPI_PM_TIMER    8u
#define ACPI_PM_PORTS    12u
#define ACPI_SCI         9 /* GSI, level */
#define ACPI_RESET_PORT  0xcf9u
#define ACPI_RESET_VALUE 6
#define ACPI_SLEEP_OFF   5 /* SLP_TYP of S5 */

/** guest_acpi_write() - write the tables of @guest to @tables, which the guest sees at @gpa and
 * which has @bytes, and its RSDP of 36 bytes to @rsdp. Returns the bytes used, or 0 if they do not
 * suffice. Any context. */
u32 guest_acpi_write(const struct config_guest *guest, u8 *tables, u32 bytes, u64 gpa, u8 *rsdp);

#endif
