/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine, as the host's device tree describes it: firmware's tree, or the hardware nodes of
 * the system tree. Pure: the build machine runs this too, over every board tree of Debian's kernel.
 */
#ifndef MULLION_HOST_H
#define MULLION_HOST_H

#include <mullion/err.h>
#include <mullion/fdt.h>
#include <mullion/types.h>

#define HOST_MAX_CPUS      64
#define HOST_MAX_MEMORY    32
#define HOST_MAX_RESERVED  64 /* of the tree and of the core */
#define HOST_CORE_RESERVED 8  /* of the core: image, bundle, tree, description, heap */

struct host_range {
	u64 base, size; /* bytes */
};

#include <asm/host.h> /* struct arch_host, of struct host_range */

#define HOST_MAX_KEPT 16

enum host_uart {
	HOST_UART_NONE,
	HOST_UART_UNKNOWN, /* there is one, but no driver in the core */
	HOST_UART_KNOWN,
};

struct host {
	const struct fdt *tree; /* that it was read from, and which must stay; or NULL */
	u32 num_cpus;
	struct host_cpu {
		u64 identity; /* its number in the machine's tree */
		bool usable;  /* the firmware has a method to start it */
	} cpus[HOST_MAX_CPUS];
	u32 num_memory;
	struct host_range memory[HOST_MAX_MEMORY]; /* sorted, merged, without status = "disabled" */
	u32 page_sizes; /* of guests' own tables that the CPU has, as a sum; 0: not known */
	u32 num_reserved;
	struct host_range
		reserved[HOST_MAX_RESERVED]; /* /reserved-memory and the reservation block */
	u32 num_kept;
	struct host_kept {
		const char *what;
		struct host_range regs;
	} kept[HOST_MAX_KEPT]; /* registers that the core keeps for itself; no description can grant
				  them */
	enum host_uart uart;
	struct host_range uart_regs;
	struct host_range rtc;        /* registers of a clock that the core reads; size 0: none */
	char compatible[64];          /* of the root node, first string */
	u64 initrd_start, initrd_end; /* /chosen, 0 when absent */
	char bootargs[256];
	struct arch_host arch;
};

/** host_read() - fill @host from @fdt. Fields without a node are zero or NONE; the caller checks
 * for those that it needs. Returns ERR_TOO_BIG above a bound here, ERR_FORMAT for a tree that
 * contradicts itself. Any context. */
enum err __must_check host_read(const struct fdt *fdt, struct host *host);

#endif
