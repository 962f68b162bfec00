/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of a PC that a guest's ACPI tables name and its vmm emulates. */
#ifndef ABI_PC_H
#define ABI_PC_H

/* PM1 registers and PM timer: from the first port of a device acpi-pm on. */
#define ACPI_PM1_EVENT   0u
#define ACPI_PM1_CONTROL 4u
#define ACPI_PM_TIMER    8u
#define ACPI_SCI         9 /* GSI, level */
#define ACPI_TIMER_GSI   2 /* of ISA's line 0 */
#define ACPI_SLEEP_OFF   5 /* SLP_TYP of S5 */
#define ACPI_RESET_PORT  0xcf9u
#define ACPI_RESET_VALUE 6

#endif
