/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYS_GUEST_CTL: the requests of a component with GRANT_MANAGE to the core. Acts change one guest
 * or component; queries copy records to the component's memory. Nothing here reads or writes raw
 * host memory, and no act can end the machine but MANAGE_POWEROFF and MANAGE_REBOOT.
 */
#ifndef ABI_MANAGE_H
#define ABI_MANAGE_H

#include <mullion/types.h>

enum manage {
	/* Acts on guest `id`; result 0 or -(enum err). */
	MANAGE_GUEST_CREATE, /* `id`: of the description's guest or template instance */
	MANAGE_GUEST_DESTROY,
	MANAGE_GUEST_START,
	MANAGE_GUEST_STOP, /* power off */
	MANAGE_GUEST_PAUSE,
	MANAGE_GUEST_RESUME,
	MANAGE_GUEST_RESET,
	MANAGE_GUEST_HALT, /* stop at once, with a dump, as a fault would */
	/* Time in WFI counts as run_ns while a vCPU is alone on its CPU. During a measurement of
	 * `argument` milliseconds (MANAGE_WATCH_MS at most) it does not. */
	MANAGE_GUEST_WATCH,
	/* Record the exits of its vCPUs (MANAGE_PROFILE), from nothing. It takes a page for each.
	 * After the end the records stay. */
	MANAGE_GUEST_PROFILE,
	MANAGE_GUEST_PROFILE_END,
	/* Acts on one vCPU: id is guest << 16 | index. */
	MANAGE_VCPU_PAUSE,
	MANAGE_VCPU_RESUME,
	MANAGE_VCPU_HALT,  /* as a fault would; the guest continues with its other vCPUs */
	MANAGE_VCPU_RESET, /* it starts again where it was started last; memory stays */
	/* Acts on component `id`. */
	MANAGE_COMPONENT_START,
	MANAGE_COMPONENT_STOP,
	MANAGE_COMPONENT_RESTART,
	MANAGE_COMPONENT_KILL, /* as if it had faulted: its restart policy applies */
	MANAGE_THREAD_STOP,    /* thread `id` of struct manage_thread, of the core */
	/* Acts on the whole. */
	MANAGE_LOG_LEVEL, /* argument: enum log_level */
	MANAGE_POWEROFF,
	MANAGE_REBOOT,
	/* Queries: record number `id` of its kind into the buffer; -ERR_NOT_FOUND past the last.
	 * Result: bytes copied. */
	MANAGE_GUEST,     /* struct manage_guest */
	MANAGE_VCPU,      /* struct manage_vcpu: id is guest << 16 | index */
	MANAGE_PROFILE,   /* struct manage_profile of a vCPU, as MANAGE_VCPU */
	MANAGE_COMPONENT, /* struct manage_component */
	MANAGE_THREAD,    /* struct manage_thread */
	MANAGE_CPU,       /* struct manage_cpu */
	MANAGE_REGION,    /* struct manage_region: id is guest << 16 | index */
	MANAGE_IRQ,       /* struct manage_irq: routed host interrupts */
	MANAGE_HOST,      /* struct manage_host: id 0 */
	MANAGE_LOG,  /* text from byte number `argument` of the log on; x1: the number behind */
	MANAGE_TREE, /* bytes of the compiled description from `argument` on; x1: its size */
	MANAGE_OPERATIONS
};

#define MANAGE_NAME     32u
#define MANAGE_WATCH_MS 10000u

/* MANAGE_LOG: from what the core has not printed itself. */
#define MANAGE_LOG_UNPRINTED UINT64_MAX

/* The core's own memory for a guest or a component, bytes. */
struct manage_core_memory {
	u64 objects, stacks, tables; /* tables: of its second stage */
};

struct manage_guest {
	char name[MANAGE_NAME];
	char template_name[MANAGE_NAME]; /* "" when described for itself */
	char vmm[MANAGE_NAME];           /* the component that serves it; "" */
	u32 id;
	u32 state; /* enum guest_state; GUEST_ABSENT: described, but not created */
	u32 vcpus, regions;
	u32 resets, crashes;
	u32 vmm_state;   /* enum component_state, when there is a vmm */
	u32 vmm_gave_up; /* 1: it ended more often than its restart limit allows */
	u32 starved_s;   /* of its vCPUs, the most */
	u32 aspace_node; /* of its address space: byte of the description's structure block */
	u64 vmm_helps, vmm_help_ends; /* as of a component */
	u64 ram_bytes;
	u64 start_pc;
	u64 exits, run_ns;
	struct manage_core_memory core;
};

struct manage_vcpu {
	char guest[MANAGE_NAME];
	u32 index, cpu;
	u32 state;        /* enum vcpu_state */
	u32 pause_reason; /* enum pause_reason */
	u32 priority;
	u32 virqs_pending, virqs_active; /* of its virtual interrupts, as last known */
	u32 starved_s;                   /* seconds that it has been READY without running */
	u32 id;                          /* no other vCPU of the system has it */
	u32 thread;                      /* its thread: id of struct manage_thread */
	u32 node;   /* in the description, as manage_guest.aspace_node: its settings */
	u32 resets; /* starts but the first */
	u32 held;   /* 1: paused by itself */
	u32 reserved;
	u64 pc; /* when it last left the guest */
	u64 run_ns, switches, refused_edges;
	u64 exits[16]; /* by enum exit_kind */
};

/* The exits of one reason. */
struct manage_reason {
	char name[24];
	u32 code; /* the architecture's number of the reason */
	u32 reserved;
	u64 count, total_ns, min_ns, max_ns; /* from the exit to the next entry */
};

struct manage_exit {
	u64 exit_ns, entry_ns; /* of the core's clock */
	u64 address;           /* what was accessed; else of the instruction */
	u32 reason;            /* index of `reasons` */
	u32 reserved;
};

#define MANAGE_REASONS 24u /* the last one counts others as well */
#define MANAGE_EXITS   64u

/* The exits of a vCPU, a page. The core writes it while it is copied: the record that is written
 * next, number `written` % MANAGE_EXITS, may be a half. */
struct manage_profile {
	u64 since_ns, written; /* records since then; the ring keeps the last */
	u32 run;               /* number of the recording; 0: there was none */
	u32 num_reasons;
	u32 on;
	u32 outside; /* 1: the next record has its exit, and no entry yet */
	struct manage_reason reasons[MANAGE_REASONS];
	struct manage_exit exits[MANAGE_EXITS];
};

struct manage_component {
	char name[MANAGE_NAME];
	char guest[MANAGE_NAME]; /* that it serves; "" */
	u32 id;
	u32 state; /* enum component_state */
	u32 cpu, priority;
	u32 policy; /* enum restart_policy */
	u32 restarts, faults;
	u32 grants;
	u32 gave_up; /* 1: it ended more often than its restart limit allows */
	u32 reserved;
	u64 memory_bytes;
	u64 run_ns, syscalls, notifications, exits;
	u64 helps;     /* times that it continued its work on the account of a waiter */
	u64 help_ends; /* of these, the times that the help's bound was reached first */
	struct manage_core_memory core;
};

struct manage_thread {
	char name[MANAGE_NAME];
	u32 kind, state, pause_reason, cpu, priority;
	u32 id; /* no other thread has or had it; of an idle thread 0 */
	u64 run_ns, switches, slice_ns;
	u64 stack_bytes, stack_used; /* of its stack in the core; used: at most so far */
};

struct manage_cpu {
	u32 id, online;
	u64 identity; /* as in its CPU node */
	char strategy[MANAGE_NAME];
	char running[MANAGE_NAME]; /* the thread that runs */
	u32 ready;                 /* threads in its queue */
	u32 timers;                /* armed events */
	u64 timers_fired;
	u64 idle_ns, exits, switches;
};

struct manage_region {
	char name[MANAGE_NAME];
	u32 kind;   /* enum region_kind */
	u32 access; /* of the guest's CPUs: a sum of 1 read, 2 write, 4 execute */
	u64 gpa, size, hpa;
};

struct manage_irq {
	u32 host, target, cpu, level; /* target: a guest's line, or a component's bit */
	char owner[MANAGE_NAME];      /* guest or component */
	u64 count;
	u32 max_per_second; /* 0: no limit */
	u32 reserved;
};

struct manage_host {
	char version[MANAGE_NAME];
	char machine[64];
	char controller[MANAGE_NAME];
	char cpu_model[48];
	u32 cpus;
	u64 ram_bytes, ram_free_bytes, ram_dirty_bytes; /* dirty: to be scrubbed */
	u64 heap_pages, heap_free_pages;
	u64 text_bytes, now_ns, counter_hz;
	u64 boot_ns; /* of the clock, when the core began */
	u32 guests, components;
	u64 image_bytes, description_bytes; /* of the core, without what boot gave back */
	u64 log_first, log_next;            /* byte numbers that the log still holds */
};

#endif
