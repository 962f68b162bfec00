/* SPDX-License-Identifier: Apache-2.0 */
/* Between the acts (manage.c) and the queries (query.c) of a manager. */
#ifndef CORE_MANAGE_INTERNAL_H
#define CORE_MANAGE_INTERNAL_H

#include <mullion/manage.h>

/* One SYS_GUEST_CTL. The right to it was checked, the other arguments were not. */
struct manage_call {
	struct component *by;
	u64 id;
	u64 buffer_va, bytes; /* in @by's space */
	u64 argument;
	u64 *second;
};

/* Set once, at boot. */
extern const struct system *managed;
extern const struct host *managed_host;
extern const char *managed_cpu_model;

/** query_*() - serve one query. Returns the bytes copied, or -(enum err). The manager's own thread,
 * no locks. */
s64 query_guest(const struct manage_call *call);
s64 query_vcpu(const struct manage_call *call);
s64 query_component(const struct manage_call *call);
s64 query_thread(const struct manage_call *call);
s64 query_cpu(const struct manage_call *call);
s64 query_region(const struct manage_call *call);
s64 query_irq(const struct manage_call *call);
s64 query_host(const struct manage_call *call);
s64 query_log(const struct manage_call *call);
s64 query_tree(const struct manage_call *call);

#endif
