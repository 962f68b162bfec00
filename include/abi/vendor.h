/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mullion's own firmware calls, in SMCCC's range of vendor-specific hypervisor services (owner 6),
 * served on HVC and SMC. Shared with guests; also included from assembly.
 */
#ifndef ABI_VENDOR_H
#define ABI_VENDOR_H

/* Call UID (SMCCC 1.2 §6.2) -> the four words below in w0..w3. */
#define VENDOR_CALL_UID 0x8600ff01
#define VENDOR_UID_0    0x6c6c756d /* "mullion-hyperv." as bytes */
#define VENDOR_UID_1    0x2d6e6f69
#define VENDOR_UID_2    0x65707968
#define VENDOR_UID_3    0x002e7672
/* Revision -> major in w0, minor in w1. */
#define VENDOR_REVISION 0x8600ff03

/*
 * Log text: x1 = count of bytes (1 to 48), x2..x7 = the bytes, first byte in bits 7:0 of x2.
 * The core gathers a line per vCPU and prints it at '\n' (or after 127 bytes) as "[guest] text".
 * Returns 0, or INVALID_PARAMETER (-3 as in SMCCC).
 */
#define VENDOR_LOG     0xc6000001
#define VENDOR_LOG_MAX 48

#endif
