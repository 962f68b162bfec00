/* SPDX-License-Identifier: Apache-2.0 */
/* Between the acts (manage.c) and the queries (query.c) of a manager. */
#ifndef CORE_MANAGE_INTERNAL_H
#define CORE_MANAGE_INTERNAL_H

#include <mullion/manage.h>

/* The id of a part of a guest: see abi/manage.h. */
#define PART_INDEX(id) ((u32)(id)&0xffff)
#define PART_GUEST(id) ((u32)(id) >> 16)

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

/* The record that a query answers with: filled in @record, which is zero. Returns false if there is
 * none of that number. The manager's own thread, no locks. */
typedef bool query_function(const struct manage_call *call, void *record);
query_function query_guest, query_vcpu, query_component, query_thread, query_cpu, query_region,
	query_irq, query_host;

/** query_record() - answer with the record of @bytes that @fill makes. As query_log(). */
s64 query_record(const struct manage_call *call, query_function *fill, u64 bytes);
/** query_profile(), query_log(), query_tree() - answer with the recording of a vCPU's exits, or a
 * part of the log or of the description. Returns the bytes copied, or -(enum err). The manager's
 * own thread, no locks. */
s64 query_profile(const struct manage_call *call);
s64 query_log(const struct manage_call *call);
s64 query_tree(const struct manage_call *call);

#endif
