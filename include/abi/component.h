/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface between the core and a component: system calls, and the page of information. Both
 * sides include this file. No pointer crosses the interface, and every index names an entry of the
 * component's own grants.
 *
 * A system call (arm64) is SVC #0, with the number in x8 and arguments in x0 to x5. The result is
 * in x0, further values in x1 to x5; all other registers are preserved. A result below 0 is -(enum
 * err).
 */
#ifndef ABI_COMPONENT_H
#define ABI_COMPONENT_H

#include <mullion/types.h>

enum syscall {
	SYS_WAIT,         /* () -> bits, [exit record]: sleep until a notification bit is set; takes
			     all. With NOTIFY_EXIT comes one exit record in x1 to x5; the bit is set
			     again while there are more */
	SYS_NOTIFY,       /* (channel): set the other end's bit of that channel */
	SYS_IRQ_DONE,     /* (interrupt): a granted interrupt is served; unmask it */
	SYS_TIMER_SET,    /* (when, ns): NOTIFY_TIMER at that time; UINT64_MAX: never */
	SYS_TIME,         /* () -> ns of the core's clock; x1: ns since 1970, 0 unknown */
	SYS_VCPU_RESUME,  /* (vcpu, value, flags): answer its exit. RESUME_WAIT: then as SYS_WAIT;
			     RESUME_FAULT: nothing is there, give the guest a fault */
	SYS_VIRQ_SET,     /* (line, level): a line of the served guest's (index of GRANT_LINE).
			     Returns 1 if its event is lost: the one before is still pending */
	SYS_VIRQ_REQUEST, /* (vector) -> the request before: a controller among the vmm's devices
			    requests that interrupt of the guest's first vCPU, as the 8259 of a PC
			    does. VIRQ_NONE: no interrupt; as result, none or it was taken */
	SYS_GUEST_CTL,    /* (operation, id, buffer, bytes, argument): abi/manage.h */
	SYS_LOG,          /* (text, bytes): to the core's log, by lines */
	SYS_YIELD,        /* () */
	SYS_EXIT,         /* (code) */
	SYS_RANDOM,       /* () -> OK, x1 to x4: 32 random bytes; ERR_UNSUPPORTED: no source */
	SYS_VCPU_STATE,   /* (vcpu, buffer): the state at its exit with EXIT_IS_INSN, whose form is
			     the architecture's */
	SYS_COUNT
};

#define VIRQ_NONE 256u

#define RANDOM_WORDS 4u /* u64 of SYS_RANDOM */

#define RESUME_WAIT  BIT(0)
#define RESUME_FAULT BIT(1)
/* The access was to a register that resets the guest, or switches it off: no other guest. */
#define RESUME_RESET BIT(2)
#define RESUME_OFF   BIT(3)
/* The instruction of an EXIT_IS_INSN was executed: the value is the address of the new state. */
#define RESUME_STATE BIT(4)

/* Bits of the notification word: 0 to 47 as the grants say (channels, interrupts, doorbells). */
#define NOTIFY_GRANTS 48u
#define NOTIFY_GONE   BIT(56) /* the served guest was destroyed */
#define NOTIFY_END    BIT(57) /* the machine powers off: write remaining output, and wait */
#define NOTIFY_LOG    BIT(59) /* the core's log has something new (GRANT_LOG) */
#define NOTIFY_CHANGE BIT(60) /* a guest or component changed its state (GRANT_MANAGE) */
#define NOTIFY_TIMER  BIT(61)
#define NOTIFY_RESET                                                             \
	BIT(62) /* the served guest was reset: so must its devices be. Handle it \
		   before an exit that comes with it */
#define NOTIFY_EXIT BIT(63)

/* The exit record: an access to a virtual region of the served guest. A component may end after it
 * has taken an exit, and before its answer. After its restart it gets the same record with the same
 * number, so it can detect a repeated action. */
struct component_exit {
	u64 where;  /* x1: EXIT_VCPU, EXIT_REGION, EXIT_WIDTH, EXIT_IS_WRITE below */
	u64 offset; /* x2: bytes into the region */
	u64 value;  /* x3: write: the value */
	u64 number; /* x4: of the component's exits, from 1 */
};
#define EXIT_VCPU(where)   ((u32)FIELD(where, 15, 0))
#define EXIT_REGION(where) ((u32)FIELD(where, 31, 16)) /* index of GRANT_VIRTUAL */
#define EXIT_WIDTH(where)  ((u32)FIELD(where, 39, 32)) /* 1, 2, 4, 8 bytes */
#define EXIT_WIDTH_SHIFT   32
#define EXIT_IS_WRITE      BIT(40)
#define EXIT_IS_INSN       BIT(41) /* an access that the core does not decode: SYS_VCPU_STATE */
#define EXIT_NO_REGION     UINT64_C(0xffff0000) /* with EXIT_IS_INSN */

/* Addresses of a component's space. Programs are linked at COMPONENT_TEXT. Stack, information, most
 * programs and the first grants lie in one area of 2 MiB, so that one table maps them. */
#define COMPONENT_STACK       UINT64_C(0x00110000) /* its top; an unmapped page lies below it */
#define COMPONENT_INFO        UINT64_C(0x00112000) /* struct component_info, read-only */
#define COMPONENT_TEXT        UINT64_C(0x00120000)
#define COMPONENT_PROGRAM_END UINT64_C(0x00700000)
#define COMPONENT_GRANTS      UINT64_C(0x00180000) /* shared memory, devices: from here on; */
#define COMPONENT_GRANTS_HIGH UINT64_C(0x10000000) /* beside a program that reaches further */
#define COMPONENT_GUEST                                                           \
	UINT64_C(0x8000000000) /* + guest address: the served guest's RAM and ROM \
				*/

/* I/O port n of an architecture that has ports is address PORT_BASE + n, for guests and devices. */
#define PORT_BASE  BIT(63)
#define PORT_COUNT UINT64_C(0x10000)

enum grant_kind {
	GRANT_NONE,
	GRANT_DEVICE,    /* registers at `address`, `size` bytes; `detail`: the first of the
			    description's `compatible`, or "" */
	GRANT_INTERRUPT, /* bit `bit` when it comes; masked until SYS_IRQ_DONE(index) */
	GRANT_CHANNEL,   /* bit `bit` from the other end, SYS_NOTIFY(index) to it; shared memory at
			    `address`, `size` bytes (0: none); `flags`: GRANT_FIRST at its first end
			  */
	GRANT_MEMORY,   /* memory of its own at `address`, `size` bytes, zeroed at each start, or at
			   the first alone: `flags` GRANT_KEPT */
	GRANT_VIRTUAL,  /* a virtual region of the served guest at guest address `address`, `size`
			   bytes; `detail` names the device; exits carry this index */
	GRANT_LINE,     /* an interrupt line of the served guest, of the region of that name:
			   SYS_VIRQ_SET(index); `address`: its number */
	GRANT_DOORBELL, /* writes of DOORBELL_WIDTH bytes at DOORBELL_OFFSET in the virtual region
			   of that name only set bit `bit` */
	GRANT_RAM,      /* a RAM region of the served guest: guest address `address`, `size` bytes,
			   seen at COMPONENT_GUEST + address */
	GRANT_MANAGE,   /* control of guest number `guest` by SYS_GUEST_CTL; GRANT_ALL: of all
			   guests, and of the objects that belong to none */
	GRANT_LOG,      /* the core's log: NOTIFY_LOG, and MANAGE_LOG by SYS_GUEST_CTL */
	GRANT_FILE,     /* a file of the bundle, read-only at `address`, `size` bytes */
	GRANT_ROM,      /* as GRANT_RAM, but read-only */
	GRANT_PCI,      /* the configuration space of a PCI function at `address`: 4 KiB */
};

/* The doorbell of a virtio device: QueueNotify (virtio 1.2 §4.2.2). */
#define DOORBELL_OFFSET 0x50u
#define DOORBELL_WIDTH  4u

#define GRANT_FIRST BIT(0)
#define GRANT_KEPT  BIT(1)
/* Of a channel that is a port of a network: abi/network.h. */
#define GRANT_NETWORK BIT(2)
#define GRANT_FREE    BIT(3) /* the guest may send with any address */
#define GRANT_TRUNK   BIT(4) /* the port belongs to all VLANs */
#define GRANT_ALL     UINT32_MAX
#define GRANT_NAME    32u
#define GRANTS_MAX    48u
/* A vmm's memory "state" has so many bytes for each virtual region of its guest. */
#define VMM_DEVICE_BYTES 256u

struct grant_info {
	u32 kind; /* enum grant_kind */
	u16 bit;
	u16 flags;
	u64 address, size;
	u64 device_address; /* channel, memory, device: where devices that do DMA find it; 0: the
			       description has no `trusted-dma` */
	u32 guest;          /* GRANT_MANAGE */
	/* GRANT_NETWORK; rates of 0: no limit. */
	u32 frames_per_second, kib_per_second;
	u16 vlan; /* 0: none */
	u8 mac[6];
	char name[GRANT_NAME];   /* channel: its node's name; else of the region, file, guest */
	char detail[GRANT_NAME]; /* channel: the other end's name; virtual: device; device:
				    compatible */
};

#define COMPONENT_INFO_MAGIC 0x4d434931u /* "MCI1" */

struct component_info {
	u32 magic;
	u32 num_grants;
	u32 starts; /* how often it was started before: 0 the first time */
	u32 vcpus;  /* of the served guest; 0: serves none */
	char name[GRANT_NAME];
	char guest[GRANT_NAME]; /* the served guest; "" */
	char arguments[256];    /* from the description */
	struct grant_info grants[GRANTS_MAX];
};

#endif
