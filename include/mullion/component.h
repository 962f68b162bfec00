/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Components: unprivileged programs with an address space, a thread, a notification word and the
 * grants that the description gives them. What one does, a fault included, reaches nothing that it
 * was not granted.
 */
#ifndef MULLION_COMPONENT_H
#define MULLION_COMPONENT_H

#include <abi/component.h>
#include <arch/user.h>
#include <mullion/config.h>
#include <mullion/err.h>
#include <mullion/spinlock.h>
#include <mullion/stage2.h>
#include <mullion/thread.h>

enum component_state {
	COMPONENT_CREATED,
	COMPONENT_RUNNING,
	COMPONENT_STOPPED, /* by the manager, or SYS_EXIT with policy never */
	COMPONENT_FAULTED, /* for good: its restart policy is used up */
};

struct component;
struct guest;
struct vcpu;
struct vcpu_exit;
struct region;

extern u32 component_count;
struct component *component_get(u32 id);
struct component *component_find(const char *name);

/** component_create() - address space, grants, thread for @config; a failure leaves nothing. */
enum err __must_check component_create(const struct config_component *config,
				       struct component **out);
/** component_start() - load its segments from the bundle, zero the rest, and let it run. */
enum err __must_check component_start(struct component *component);
/** component_stop() - its thread ends at its next trap; vCPUs that wait for it go on waiting. */
void component_stop(struct component *component);
void component_destroy(struct component *component);

/** component_notify() - set @bits of its notification word and wake it. Any context. */
void component_notify(struct component *component, u64 bits);
/** component_irq() - granted host interrupt @intid came in: it is masked and the component told.
 * Interrupt context. Return: false when it is none of a component's. */
bool component_irq(u32 intid);

/** component_serve_exit() - hand an access of @vcpu to @region to the component that serves it, and
 * wait for the answer (PAUSED(io)); it is then completed or a fault injected. A doorbell is rung
 * without a wait. The vCPU's own thread, no locks. Return: false when no component serves that
 * region. */
bool component_serve_exit(struct vcpu *vcpu, const struct region *region,
			  const struct vcpu_exit *exit);
/** component_guest_attach(), component_guest_detach() - @guest was created with its memory, or is
 * about to be destroyed: the component that serves it sees its RAM, or no longer. */
enum err __must_check component_guest_attach(struct guest *guest);
void component_guest_detach(struct guest *guest);
/** component_guest_reset() - @guest starts anew: its devices must. No vCPU of it runs. */
void component_guest_reset(struct guest *guest);

#endif
