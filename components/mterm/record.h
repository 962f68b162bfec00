/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of abi/manage.h as tables of fields. Lists, single records and JSON come from the
 * same table, so that they agree.
 */
#ifndef MTERM_RECORD_H
#define MTERM_RECORD_H

#include <abi/manage.h>
#include <abi/names.h>
#include <mullion/similar.h>
#include <mullion/types.h>

enum kind {
	KIND_NONE,
	KIND_GUEST,
	KIND_VCPU, /* named guest/index */
	KIND_COMPONENT,
	KIND_THREAD,
	KIND_CPU, /* named by its number, as are interrupts */
	KIND_TIMER,
	KIND_IRQ,
	KIND_REGION, /* named guest/region */
	KIND_HOST,
	KINDS
};

#define RECORD_NAME (2 * MANAGE_NAME) /* a name as typed and shown, bytes with NUL */
#define RECORDS_MAX 32768u            /* of one kind that are read: more than there are */

struct record {
	char name[RECORD_NAME];
	u32 id;                  /* for SYS_GUEST_CTL */
	char owner[MANAGE_NAME]; /* the guest of a region */
	u32 use_permille;        /* of one CPU, where record_list() and record_show() measured */
	union {
		struct manage_guest guest;
		struct manage_vcpu vcpu;
		struct manage_component component;
		struct manage_thread thread;
		struct manage_cpu cpu;
		struct manage_irq irq;
		struct manage_region region;
		struct manage_host host;
	};
};

/* A walk over all records of a kind. */
struct walk {
	enum kind kind;
	u32 guest, index;
	u32 left; /* records that may still be read */
	bool in_guest;
	char owner[MANAGE_NAME];
	s64 error; /* why nothing came, -(enum err), 0: there is none */
};

/** walk_begin() - a walk over all records of @kind. */
void walk_begin(struct walk *walk, enum kind kind);
/** walk_next() - the next record; false behind the last. */
bool walk_next(struct walk *walk, struct record *record);

/** record_word() - what one of that kind is called: "guest". */
const char *record_word(enum kind kind);
/** record_is_measured() - do its records have a use, which takes two looks (use.h)? */
bool record_is_measured(enum kind kind);
/** record_find() - the record called @name. Returns false if there is none; @similar then holds the
 * most similar name. */
bool record_find(enum kind kind, const char *name, struct record *record, struct similar *similar);
/** record_list() - all of a kind in columns, or as a JSON array; those of guest @guest alone unless
 * that is NULL. Returns 0, or -(enum err) when the core gives none. */
s64 record_list(enum kind kind, const char *guest, bool json);
/** record_show() - all fields of one, a line each, or as a JSON object. */
void record_show(enum kind kind, struct record *record, bool json);

#endif
