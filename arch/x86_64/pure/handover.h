/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record that boot code hands over to the core, out of the facts of loader, ACPI tables and
 * CPU. Every field is checked before the first of them is used. No loader gives an initial state of
 * the first guest.
 */
#ifndef X86_64_PURE_HANDOVER_H
#define X86_64_PURE_HANDOVER_H

#include "arch/x86_64/pure/host_tree.h"

struct handover {
	u32 num_cpus;
	u32 boot_apic_id; /* of the CPU that runs */
	u64 start_page;   /* where the other CPUs start */
	u64 memory_top;   /* end of the last RAM */
	u64 tsc_hz;
	u64 loaded;               /* where the loader put the core */
	u64 core, core_end;       /* where it runs */
	u64 bundle, bundle_bytes; /* behind the core; 0 bytes: none */
};

/** handover_top() - the end of the last RAM of @facts. Pure. */
u64 handover_top(const struct host_facts *facts);
/** handover_check() - Returns NULL, or the name of the first field that contradicts @facts. Pure.
 */
const char *handover_check(const struct handover *record, const struct host_facts *facts);

#endif
