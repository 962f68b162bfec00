/* SPDX-License-Identifier: Apache-2.0 */
/* Guests on the fake machine (arch/host), for unit tests and the exit fuzzer. */
#ifndef TESTS_SUPPORT_MACHINE_H
#define TESTS_SUPPORT_MACHINE_H

#include <mullion/config.h>
#include <mullion/guest.h>

#include "arch/host/host.h"

#define MACHINE_CPUS    4
#define MACHINE_RAM     MIB(4)
#define MACHINE_HEAP    256 /* pages */
#define GUEST_RAM       UINT64_C(0x40000000)
#define GUEST_RAM_BYTES KIB(128)
#define GUEST_ROM       UINT64_C(0x50000000)
#define GUEST_ALIAS     UINT64_C(0x60000000)
#define GUEST_DEVICE    UINT64_C(0x09000000)
#define GUEST_VIRTUAL   UINT64_C(0x0a000000)
#define GUEST_KERNEL    (GUEST_RAM + 0x8000)
#define GUEST_IRQ       40 /* of its device */
#define HOST_IRQ        50

/* Bytes that every guest starts with at GUEST_KERNEL. */
extern const u8 machine_kernel[256];

/** machine_start() - start the machine, once per process; later calls do nothing. */
void machine_start(void);
/** machine_config() - fill @config: a guest of @vcpus vCPUs on CPUs from @first_cpu on, with a
 * region of every kind. @device: add the passed-through device, which only one guest can have. */
void machine_config(struct config_guest *config, const char *name, u32 first_cpu, u32 vcpus,
		    bool device);
/** machine_config_free() - free the memory of machine_config(). */
void machine_config_free(struct config_guest *config);
/** machine_give() - end the guest's run on @vcpu's CPU with @exit, and run the CPU until it pauses.
 * Returns false, without an effect, if that CPU does not run it. */
bool machine_give(struct vcpu *vcpu, const struct vcpu_exit *exit);
/** machine_settle() - run every CPU until it has served its requests. */
void machine_settle(void);

#endif
