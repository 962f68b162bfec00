/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two components on the fake machine, for unit tests and the fuzzer of system calls. "server" is
 * the vmm of a guest of two vCPUs. "peer" shares a channel with it and manages guests.
 */
#ifndef TESTS_SUPPORT_COMPONENTS_H
#define TESTS_SUPPORT_COMPONENTS_H

#include <mullion/component.h>
#include <mullion/guest.h>

#include "arch/host/host.h"

#define COMPONENTS_VCPUS 2
#define SERVED_RAM       UINT64_C(0x40000000)
#define SERVED_RAM_BYTES KIB(64)
#define SERVED_ROM       UINT64_C(0x50000000)
#define SERVED_UART      UINT64_C(0x09000000)
#define SERVED_VIRTIO    UINT64_C(0x0a000000)
#define SERVED_AGAIN     UINT64_C(0x0b000000) /* the UART from byte 0x40 on */
#define SERVED_LINE      40                   /* of the UART */
#define DEVICE_IRQ       60                   /* of the server's device */
#define DEVICE_HPA       UINT64_C(0x10000000)
#define SHARED_BYTES     KIB(8)

/* Addresses of the server's grants, in the description's order. */
#define SERVER_SHARED (COMPONENT_GRANTS)
#define SERVER_DEVICE (SERVER_SHARED + SHARED_BYTES + PAGE_SIZE)
#define SERVER_MEMORY (SERVER_DEVICE + 2 * PAGE_SIZE)
#define SERVER_KEPT   (SERVER_MEMORY + 2 * PAGE_SIZE)
#define SERVER_FILE   (SERVER_KEPT + 2 * PAGE_SIZE)
#define SERVER_TEXT   COMPONENT_TEXT
#define SERVER_DATA   (COMPONENT_TEXT + PAGE_SIZE)
#define STACK_BYTES   KIB(8)

/* The server's grants, and their bits. */
enum {
	SERVER_CHANNEL,
	SERVER_QUIET, /* a channel without memory, to itself */
	SERVER_QUIET_OTHER,
	SERVER_DEVICE_GRANT,
	SERVER_INTERRUPT,
	SERVER_MEMORY_GRANT,
	SERVER_KEPT_GRANT,
	SERVER_FILE_GRANT,
	SERVER_UART_GRANT,
	SERVER_LINE_GRANT,
	SERVER_VIRTIO_GRANT,
	SERVER_DOORBELL_GRANT,
	SERVER_RAM_GRANT,
	SERVER_ROM_GRANT,
	SERVER_GRANTS
};
#define BIT_CHANNEL   BIT(0)
#define BIT_INTERRUPT BIT(3)
#define BIT_DOORBELL  BIT(4)

/* A bit that nothing else sets. */
#define COMPONENTS_NUDGE BIT(47)

struct components {
	struct system system;
	struct config_component configs[2];
	struct config_channel channels[2];
	struct config_guest guest_config;
	struct config_region regions[5];
	struct config_grant grants[4];
	struct config_irq device_irq, line;
	struct component *server, *peer;
	struct guest guest;
	struct region guest_regions[5];
	struct vcpu vcpus[COMPONENTS_VCPUS];
};

extern struct components world;
extern const u8 program_text[100], program_data[50], bundle_file[5000];

/** components_describe() - start the machine with its scheduler, once, and fill the description. */
void components_describe(void);
/** components_create() - create all objects of the description, and attach the guest. */
void components_create(void);
/** components_script() - set the next calls of @component, and wake it with COMPONENTS_NUDGE. */
void components_script(struct component *component, const struct host_call *calls, u32 count);
/** components_go() - run CPU 0 until every thread is blocked, or one computes. */
void components_go(void);
/** components_access() - make an access by vCPU @index, in a thread of its own, and run CPU 0. */
void components_access(u32 index, bool write, u64 gpa, u64 value, u32 width);
/** components_insn() - the same for an access that the vmm executes, with the state at @state. */
void components_insn(u32 index, void *state, u32 bytes);
/** components_power() - the request that came with the answer of vCPU @index's latest access. */
u32 components_power(u32 index);
/** components_waits() - returns true if vCPU @index waits for an answer. */
bool components_waits(u32 index);

/** components_setup() - cmocka's set-up of a program. It has no counterpart: boot is not undone. */
int components_setup(void **state);
/** components_begin() - cmocka's set-up of a test: both components wait, without notifications
 * and without an exit in service. */
int components_begin(void **state);

#define CALL(call, ...)                                                              \
	{                                                                            \
		.trap = USER_SYSCALL, .number = (call), .arguments = { __VA_ARGS__ } \
	}
#define FAULT                      \
	{                          \
		.trap = USER_FAULT \
	}
/* Makes these calls; then the component waits. */
#define DO(component, ...)                                                       \
	do {                                                                     \
		static const struct host_call calls_[] = { __VA_ARGS__ };        \
		components_script((component), calls_, (u32)ARRAY_SIZE(calls_)); \
		components_go();                                                 \
	} while (0)
/* Of its latest call. */
#define SAYS(component, expected) assert_int_equal((component)->user.results[0], (u64)(expected))
#define FAILS(component, err)     SAYS(component, -(s64)(err))

#endif
