/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binding as tables: every kind of node with its properties. A later kind of node is a table
 * more. docs/binding.md is held against these tables by tests/unit/config.
 */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <arch/platform.h>
#include <mullion/config.h>
#include <mullion/fdt.h>
#include <mullion/types.h>

enum prop_type {
	PROP_FLAG,    /* present or not */
	PROP_U32,     /* one cell */
	PROP_U64,     /* one cell or two */
	PROP_STRING,  /* one string, not empty */
	PROP_TEXT,    /* one string, may be empty */
	PROP_FILE,    /* a file in the bundle: relative, without .. */
	PROP_STRINGS, /* one or more, none empty */
	PROP_IRQS,    /* three cells each: type, number, flags */
	PROP_CELLS,   /* one or more numbers of one cell */
	PROP_ANY,     /* read by others */
	PROP_TYPES
};

/* Variants of a kind of node, as bits. Regions: BIT(enum region_kind). Regions of a component:
 * BIT(enum config_grant_kind). The rest: as below, or VARIANT_ALL. */
#define VARIANT_ALL       0xffu
#define VARIANT_PORT      BIT(REGION_KINDS) /* a virtual region that is a port of a network */
#define VARIANT_GUEST     BIT(0)
#define VARIANT_TEMPLATE  BIT(1)
#define VARIANT_COMPONENT BIT(0)
#define VARIANT_VMM       BIT(1)

struct schema_prop {
	const char *name;
	u8 type;              /* enum prop_type */
	u8 allowed, required; /* variants */
	const char *example;  /* value as written in DTS; of a flag: "" */
	const char *fallback; /* the default in words; NULL when required or none */
	const char *what;     /* what it says, a phrase for messages */
};

enum schema_id {
	SCHEMA_ROOT,
	SCHEMA_VMM,
	SCHEMA_GUESTS,
	SCHEMA_GUEST,
	SCHEMA_VCPUS,
	SCHEMA_VCPU,
	SCHEMA_ASPACE,
	SCHEMA_REGION,
	SCHEMA_TEMPLATES,
	SCHEMA_TEMPLATE,
	SCHEMA_COMPONENTS,
	SCHEMA_COMPONENT,
	SCHEMA_GUEST_VMM,
	SCHEMA_SPACE,
	SCHEMA_GRANT,
	SCHEMA_CHANNELS,
	SCHEMA_CHANNEL,
	SCHEMA_SHARED,
	SCHEMA_SHARED_MEMORY,
	SCHEMA_SCHEDULE,
	SCHEMA_CPU,
	SCHEMA_WINDOW,
	SCHEMA_COUNT,
	SCHEMA_SKIP = SCHEMA_COUNT, /* hardware, or below a node that was refused */
};

struct schema_child {
	const char *name; /* NULL: any name; ending in '#': the rest is a number */
	u8 schema;        /* enum schema_id */
	bool required;    /* never in a template, which its guests complete */
};

struct schema {
	const char *what; /* "a guest" */
	u8 variant;       /* of its properties; 0: by the node's type */
	const struct schema_prop *props;
	u32 num_props;
	const struct schema_child *children;
	u32 num_children;
	u32 max_children;
	bool of_arch; /* the architecture has further properties of it */
};

extern const struct schema schemas[SCHEMA_COUNT];
/** schema_row() - row @index, those of the architecture last, or NULL at the end. Pure. */
const struct schema_prop *schema_row(const struct arch_platform *platform,
				     const struct schema *schema, u32 index);
/** schema_find() - the row of a property, or NULL. Pure. */
const struct schema_prop *schema_find(const struct arch_platform *platform,
				      const struct schema *schema, const char *name);
/** config_matches() - Returns true if the value of @prop has that type. Pure. */
bool config_matches(const struct arch_platform *platform, enum prop_type type,
		    const struct fdt_prop *prop);
/** schema_reads_as_text() - Returns true if a message should show @prop as strings rather than as
 * cells. Pure. */
bool schema_reads_as_text(const struct arch_platform *platform, const struct fdt_prop *prop);

extern const char *const schema_type_names[PROP_TYPES];
extern const char *const region_kind_names[REGION_KINDS];
extern const char *const grant_kind_names[CONFIG_GRANT_KINDS];

/** schema_index() - Returns the index of @name in @names, or @count if it is not there. Pure. */
u32 schema_index(const char *const *names, u32 count, const char *name);

#endif
