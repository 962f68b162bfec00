/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The description: device tree -> struct system. The same C code runs in tools/check on the
 * developer's machine and at boot. The whole tree is checked before anything is allocated.
 * Every mistake is reported, not the first alone. docs/binding.md is the user's side of this file.
 */
#ifndef MULLION_CONFIG_H
#define MULLION_CONFIG_H

#include <asm/config.h>
#include <mullion/elf_file.h>
#include <mullion/fdt.h>
#include <mullion/host.h>
#include <mullion/types.h>

/* Bounds of a description; more is a mistake that is reported. Kconfig has further ones:
 * CONFIG_MAX_GUESTS, CONFIG_MAX_REGIONS (of one guest), CONFIG_MAX_COMPONENTS. */
#define CONFIG_MAX_IRQS       64  /* of one region */
#define CONFIG_MAX_THREADS    960 /* vCPUs and components: each has a stack in the core */
#define CONFIG_MAX_PROPERTIES 64  /* of one node */
#define CONFIG_NAME_MAX       32  /* bytes with NUL, of guest and region names */
#define CONFIG_BOOTARGS_MAX   1024
#define CONFIG_MAX_CHANNELS   64
#define CONFIG_MAX_TEMPLATES  16
#define CONFIG_MAX_WINDOWS    32 /* of one CPU's table */
#define CONFIG_MAX_PARTITIONS 32
#define CONFIG_MAX_GRANTS     32 /* nodes in a component's aspace */
#define CONFIG_ARGUMENTS_MAX  256
#define CONFIG_MAX_MAPPED     MIB(480) /* bytes of files, description and heap in the core */

/* Pages of the core's heap for each CPU of the machine, beside those of a system. They are stacks,
 * ready queue, copy window and tables, and the pages of its virtualisation. */
#define HEAP_PAGES_PER_CPU 11

enum region_kind {
	REGION_RAM,     /* real: host memory, read/write/execute */
	REGION_ROM,     /* real: host memory, read/execute for the guest */
	REGION_DEVICE,  /* real: a passed-through device's registers */
	REGION_ALIAS,   /* another region, or a part of it, at a second address */
	REGION_VIRTUAL, /* emulated by the component that serves the guest (device = "...") */
	REGION_SHARED,  /* memory of /shared, which other guests and components may have as well */
	REGION_KINDS
};

struct config_irq {
	u32 host;  /* line of the machine's controller; 0 of a virtual region */
	u32 guest; /* line of the guest's */
	bool level;
	u32 max_per_second; /* 0: no limit */
};

struct config_region {
	char name[CONFIG_NAME_MAX];
	enum region_kind kind;
	gpa_t gpa;
	u64 size; /* bytes, page multiple */
	bool hpa_fixed;
	hpa_t hpa;          /* where host-address says so (REGION_DEVICE: always) */
	u32 alias_of;       /* index of the region, REGION_ALIAS; of the channel, REGION_SHARED */
	u64 offset;         /* REGION_ALIAS: bytes into that region */
	u32 access;         /* SPACE_READ, SPACE_WRITE, SPACE_EXEC: of the guest's CPUs */
	const char *device; /* the model that is emulated there, REGION_VIRTUAL */
	bool doorbell;      /* of the model: a write to its doorbell only notifies */
	u32 model;          /* its index among the architecture's models */
	const char *compatible; /* string list in the tree, or NULL */
	u32 compatible_len;
	u32 num_irqs;
	struct config_irq *irqs;
	fdt_node_t node; /* for messages */
};

struct config_image {
	const char *file; /* name in the bundle */
	const u8 *data;   /* in the bundle; NULL when the bundle was not given (tools/check on a DTS
			     alone) */
	u64 size;         /* bytes in the bundle */
	bool load_fixed;
	gpa_t load;     /* after the checks: where it goes */
	u64 span;       /* bytes it takes in guest memory */
	u32 num_pieces; /* of an ELF file; 0: the whole file at @load */
	const struct elf_piece *pieces;
};

struct config_vcpu {
	u32 cpu; /* host CPU (index into host.cpus) that runs it; others' vCPUs may share it */
	u8 priority;
	ns_t slice;
	u32 window;          /* partition of the CPU's time-triggered table; 0: none */
	ns_t budget, period; /* it gets so much of each period; 0: as much as it wants */
	fdt_node_t node;     /* of its own settings, else of all vCPUs, else of the guest */
};

enum restart_policy { RESTART_NEVER, RESTART_ALWAYS, RESTART_LIMITED };

enum config_grant_kind {
	CONFIG_GRANT_DEVICE,
	CONFIG_GRANT_MEMORY,
	CONFIG_GRANT_FILE,
	CONFIG_GRANT_SHARED,
	CONFIG_GRANT_PCI, /* of a description alone: CONFIG_GRANT_DEVICE, with `pci` */
	CONFIG_GRANT_KINDS
};

/* A piece of a component's address space beside its program. */
struct config_grant {
	char name[CONFIG_NAME_MAX];
	enum config_grant_kind kind;
	bool kept;              /* memory that stays as it is when the component is restarted */
	bool pci;               /* a device: the configuration space of a PCI function */
	u64 size;               /* bytes, page multiple; of a file: as in the bundle */
	hpa_t hpa;              /* of a device */
	const char *compatible; /* of a device: the first of its list, or NULL */
	const char *file;       /* of a file; of memory: its first contents, or NULL */
	u32 channel;            /* of shared memory */
	const u8 *data;         /* the file in the bundle, or NULL: data_bytes */
	u64 data_bytes;
	u32 num_irqs;
	struct config_irq *irqs; /* of a device: lines of the machine */
	fdt_node_t node;
};

struct config_segment {
	u64 va, size;   /* page-aligned start; bytes in memory, page multiple */
	const u8 *data; /* in the bundle: file_bytes from va + skip on; the rest is zero */
	u64 file_bytes, skip;
	bool write, exec;
};
#define CONFIG_MAX_SEGMENTS 4

struct config_component {
	char name[CONFIG_NAME_MAX];
	const char *program; /* name in the bundle */
	const u8 *data;      /* in the bundle, or NULL */
	u64 data_bytes;
	u32 num_segments; /* out of the program's ELF headers, checked: W^X, within the space */
	struct config_segment segments[CONFIG_MAX_SEGMENTS];
	u64 entry;
	u64 stack_bytes;
	u32 serves; /* index of the guest whose vmm it is, or num_guests */
	bool manages_all;
	bool trusted_dma; /* it may have devices that do DMA */
	bool reads_log;   /* it may read the core's log, and is notified of new lines */
	u64 manages;      /* bit per guest: those that it may control */
	bool autostart;
	u8 priority;
	ns_t slice;
	u64 affinity; /* CPUs, a bit each */
	u32 window;
	enum restart_policy policy;
	u32 restart_limit; /* RESTART_LIMITED: so many within restart_period */
	ns_t restart_period;
	ns_t watchdog;         /* longest time between two waits; 0: none */
	const char *arguments; /* "" when none */
	u32 num_grants;
	struct config_grant *grants;
	fdt_node_t node;
};

/* A channel that is a port of a network (abi/network.h). */
struct config_port {
	bool used;
	bool free, trunk;
	u16 vlan;
	u8 mac[6];
	u32 frames_per_second, kib_per_second; /* 0: no limit */
};

struct config_channel {
	char name[CONFIG_NAME_MAX]; /* of its node; of a console's line: the guest's or component's
				     */
	u32 ends[2]; /* indices of components; of memory of /shared: num_components */
	u64 size;    /* of the shared memory, page multiple; 0: none */
	struct config_port port;
	fdt_node_t node;
};

struct config_cpu {
	enum {
		SCHEDULE_DEFAULT,
		SCHEDULE_PRIORITY,
		SCHEDULE_ROUND_ROBIN,
		SCHEDULE_WINDOWS
	} strategy;
	ns_t cycle;
	u8 background; /* highest priority that uses time which windows leave idle */
	u32 num_windows;
	struct config_window {
		ns_t offset, length;
		u32 window;
	} * windows; /* sorted */
};

struct config_guest {
	char name[CONFIG_NAME_MAX];
	bool autostart;
	bool own_counter; /* the virtual counter begins at 0 when the guest is created */
	u32 num_vcpus;
	struct config_vcpu *vcpus;
	u32 num_regions;
	struct config_region *regions; /* sorted by gpa */
	u32 kernel_type;               /* of the platform's kernel_types */
	struct config_image kernel, initrd, tree;
	gpa_t entry;          /* of the first vCPU */
	const char *bootargs; /* "" when none */
	u32 console;          /* region index for stdout-path, or num_regions */
	bool trng;
	bool trusted_dma; /* it may have devices that do DMA, and so reach all memory */
	char template_name[CONFIG_NAME_MAX]; /* it was made from, or "" */
	bool absent;    /* an instance of a template: created at run time only */
	u32 vmm;        /* index of the component that serves it, or num_components */
	u64 heap_pages; /* after the checks: its upper bound of the core's heap */
	struct arch_config_guest arch;
	fdt_node_t node, aspace; /* its own, and that of its address space */
};

struct system {
	const struct fdt *tree;
	u32 num_guests;
	struct config_guest *guests;
	u32 num_components;
	struct config_component *components;
	u32 num_channels;
	struct config_channel *channels;
	u32 num_routes; /* lines of the machine that have a route */
	u32 num_lines;  /* one more than the highest of them */
	u32 num_pieces; /* of the machine's RAM, for guests, components and channels */
	struct config_cpu cpus[CONFIG_MAX_CPUS];
	u32 log_level;  /* enum log_level */
	bool stay;      /* do not power off when no guest runs any more */
	u64 heap_bytes; /* core memory to set aside, computed from the description */
};

/* One mistake, as text ("error: /guests/linux: ...", or "warning: ..."). @node may be FDT_NONE,
 * @property NULL. The sink adds file and line (host) or prints (boot); config_load() counts. */
struct diag {
	void (*report)(struct diag *diag, fdt_node_t node, const char *property, const char *text);
	u32 errors, warnings;
};

/** config_load() - check the whole of @tree and build @system out of @arena (16-byte aligned, in
 * bytes).
 * @host: the machine, or NULL: checks against hardware are then left out (and said so by
 * tools/check). host->reserved has the core's own memory as well.
 * @bundle/@bundle_bytes: the cpio archive with the images, or NULL: checks of images are then left
 * out.
 * @system points into @tree, @bundle and @arena, which must stay. Boot CPU or host program; no
 * locks. Returns ERR_INVALID if there was any mistake (all were reported), ERR_NO_MEMORY if @arena
 * is too small. */
enum err __must_check config_load(const struct fdt *tree, const struct host *host,
				  const void *bundle, size_t bundle_bytes, void *arena,
				  size_t arena_bytes, struct system *system, struct diag *diag);

/** config_arena_bytes() - an upper bound of the arena that config_load() needs for @tree. */
size_t config_arena_bytes(const struct fdt *tree);

#endif
