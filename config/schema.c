/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walk a tree by the tables: every node and property must be known, of its type, given once, and
 * nothing required may lack. What values mean to each other is for the checks that follow.
 */
#include "config/schema.h"

#include <mullion/format.h>
#include <mullion/string.h>

#include "config/internal.h"

static bool is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '-';
}

/* Properties that dtc adds, or that any node may have for the tools' sake. */
static bool is_housekeeping(const char *name)
{
	return str_equal(name, "phandle") || str_equal(name, "linux,phandle") ||
	       str_equal(name, "name");
}

/*
 * At the root the machine's own nodes may stand beside ours, in standard form: those have a unit
 * address, a compatible or device_type property, or one of these names.
 */
static bool is_hardware(const struct fdt *tree, fdt_node_t node)
{
	static const char *const names[] = { "cpus",        "aliases", "chosen", "reserved-memory",
					     "firmware",    "psci",    "timer",  "memory",
					     "__symbols__", "soc",     "clocks", "options" };
	const char *name = fdt_name(tree, node);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_equal(name, names[i]))
			return true;
	return strchr(name, '@') != NULL || fdt_has(tree, node, "compatible") ||
	       fdt_has(tree, node, "device_type");
}

/* @count non-empty strings, at least one; a single one may be empty if @empty_too. */
static bool is_strings(const struct fdt_prop *prop, u32 max, bool empty_too)
{
	u32 count = 0, start = 0;

	for (u32 i = 0; i < prop->len; i++) {
		if (prop->data[i] >= 0x7f || (prop->data[i] != 0 && prop->data[i] < ' '))
			return false;
		if (prop->data[i] != 0)
			continue;
		if (i == start && !empty_too)
			return false;
		start = i + 1;
		count++;
	}
	return count > 0 && count <= max && start == prop->len;
}

/*
 * "two" has the size of a number. Where a number is wanted, four or eight bytes are text if they
 * look so and make no multiple of 4096, as the addresses and sizes that look so by chance do.
 */
static bool is_number(const struct fdt_prop *prop, u32 max_bytes)
{
	if ((prop->len != 4 && prop->len != 8) || prop->len > max_bytes)
		return false;
	return !is_strings(prop, 1, false) || (prop->data[prop->len - 2] & 0xf) == 0;
}

static bool type_matches(enum prop_type type, const struct fdt_prop *prop)
{
	switch (type) {
	case PROP_FLAG: return prop->len == 0;
	case PROP_U32: return is_number(prop, 4);
	case PROP_U64: return is_number(prop, 8);
	case PROP_STRING:
	case PROP_FILE: return is_strings(prop, 1, false);
	case PROP_TEXT: return is_strings(prop, 1, true);
	case PROP_STRINGS: return is_strings(prop, UINT32_MAX, false);
	case PROP_IRQS: return prop->len > 0 && prop->len % 12 == 0;
	case PROP_CELLS:
		return prop->len > 0 && prop->len % 4 == 0 && (prop->len > 8 || is_number(prop, 8));
	default: return true;
	}
}

static const struct schema_prop *find_prop(const struct schema *schema, const char *name)
{
	for (u32 i = 0; i < schema->num_props; i++)
		if (str_equal(schema->props[i].name, name))
			return &schema->props[i];
	return NULL;
}

static void report_type(struct config_run *run, fdt_node_t node, const struct schema_prop *known)
{
	if (known->type == PROP_FLAG)
		config_error(run, node, known->name, "is a flag and takes no value; write %s;",
			     known->name);
	else
		config_error(run, node, known->name, "must be a %s; write e.g. %s = %s;",
			     schema_type_names[known->type], known->name, known->example);
}

static void report_unknown(struct config_run *run, fdt_node_t node, const struct schema *schema,
			   const char *name)
{
	struct nearest nearest;
	char hint[NEAREST_HINT_MAX];

	nearest_init(&nearest, name);
	for (u32 i = 0; i < schema->num_props; i++)
		nearest_offer(&nearest, schema->props[i].name);
	config_error(run, node, name, "%s has no such property%s", schema->what,
		     nearest.best == NULL ? "; remove it, or search docs/binding.md for its name"
					  : nearest_hint(&nearest, hint));
}

bool schema_reads_as_text(const struct fdt_prop *prop)
{
	for (u32 id = 0; id < SCHEMA_COUNT; id++) {
		const struct schema_prop *known = find_prop(&schemas[id], prop->name);

		if (known != NULL &&
		    (known->type == PROP_U32 || known->type == PROP_U64 ||
		     known->type == PROP_CELLS) &&
		    is_number(prop, 8))
			return false;
	}
	return prop->len == 1 ? prop->data[0] == 0 : is_strings(prop, UINT32_MAX, false);
}

bool config_is_file_name(const char *name)
{
	if (name[0] == '/')
		return false;
	for (const char *p = name; p != NULL; p = strchr(p, '/')) {
		p += *p == '/' ? 1 : 0;
		if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || p[2] == '\0'))
			return false;
	}
	return true;
}

static void check_prop(struct config_run *run, fdt_node_t node, const struct schema *schema,
		       u32 variant, const struct fdt_prop *prop)
{
	const struct schema_prop *known = find_prop(schema, prop->name);
	struct fdt_prop first;

	if (is_housekeeping(prop->name))
		return;
	if (fdt_get(run->tree, node, prop->name, &first) && first.offset != prop->offset)
		config_error(run, node, prop->name, "given twice in this node; remove one");
	else if (known == NULL)
		report_unknown(run, node, schema, prop->name);
	else if ((known->allowed & variant) == 0)
		config_error(run, node, prop->name, "does not belong to %s%s; remove it",
			     schema->what, schema->variant == 0 ? " of this type" : "");
	else if (!type_matches(known->type, prop))
		report_type(run, node, known);
	else if (known->type == PROP_FILE && !config_is_file_name((const char *)prop->data))
		config_error(run, node, prop->name,
			     "must be a name inside the bundle; write it without leading / and "
			     "without ..");
}

/* The variant that a region's type makes it; VARIANT_ALL while the type is unknown. */
static u32 find_variant(struct config_run *run, fdt_node_t node, enum schema_id id)
{
	enum region_kind kind;
	enum config_grant_kind grant;
	const char *type = config_string(run, node, "type");

	if (schemas[id].variant != 0)
		return schemas[id].variant;
	if (type == NULL)
		return VARIANT_ALL;
	if (id == SCHEMA_REGION && region_kind_parse(type, &kind))
		return (u32)BIT(kind);
	if (id == SCHEMA_GRANT && grant_kind_parse(type, &grant))
		return (u32)BIT(grant);
	config_error(run, node, "type", "no such type of region; write %s",
		     id == SCHEMA_GRANT ? "\"device\", \"memory\" or \"file\""
					: "\"ram\", \"rom\", \"device\", \"alias\" or "
					  "\"virtual\"");
	return VARIANT_ALL;
}

static void check_props(struct config_run *run, fdt_node_t node, enum schema_id id)
{
	const struct schema *schema = &schemas[id];
	u32 variant = find_variant(run, node, id);
	u32 count = 0;
	struct fdt_prop prop;

	fdt_for_each_prop (run->tree, node, &prop) {
		if (++count > CONFIG_MAX_PROPERTIES) {
			config_error(run, node, NULL, "more than %u properties",
				     CONFIG_MAX_PROPERTIES);
			break;
		}
		check_prop(run, node, schema, variant, &prop);
	}
	for (u32 i = 0; i < schema->num_props && !config_lacks_template(run, node); i++) {
		const struct schema_prop *known = &schema->props[i];

		/* While the type is unknown, ask only for what every type needs. */
		if ((known->required & variant) == variant && !config_has(run, node, known->name))
			config_error(run, node, known->name, "missing: %s; write e.g. %s = %s;",
				     known->what, known->name, known->example);
	}
}

/* "vcpu#" matches vcpu0, vcpu17: the text before '#', then digits without a leading zero. */
static bool child_matches(const char *pattern, const char *name)
{
	size_t stem;

	if (pattern == NULL)
		return true;
	stem = strlen(pattern) - 1;
	if (pattern[stem] != '#')
		return str_equal(pattern, name);
	if (strncmp(pattern, name, stem) != 0 || name[stem] == '\0' ||
	    (name[stem] == '0' && name[stem + 1] != '\0'))
		return false;
	for (const char *p = name + stem; *p != '\0'; p++)
		if (*p < '0' || *p > '9')
			return false;
	return true;
}

static void report_unknown_child(struct config_run *run, fdt_node_t node,
				 const struct schema *parent)
{
	struct nearest nearest;
	char hint[NEAREST_HINT_MAX];

	nearest_init(&nearest, fdt_name(run->tree, node));
	for (u32 i = 0; i < parent->num_children; i++)
		if (parent->children[i].name != NULL)
			nearest_offer(&nearest, parent->children[i].name);
	if (nearest.best != NULL && strchr(nearest.best, '#') != NULL)
		config_error(run, node, NULL,
			     "unknown node; write %.*s0, %.*s1 and so on, without a 0 in front",
			     (int)strlen(nearest.best) - 1, nearest.best,
			     (int)strlen(nearest.best) - 1, nearest.best);
	else
		config_error(run, node, NULL, "unknown node%s", nearest_hint(&nearest, hint));
}

/* Names of guests, regions and vCPUs go into messages, paths and generated trees: keep them plain.
 */
static bool check_name(struct config_run *run, fdt_node_t node)
{
	const char *name = fdt_name(run->tree, node);
	size_t len = strlen(name);

	if (name[0] == '-') {
		config_error(run, node, NULL,
			     "bad name: begins with '-', as options at the terminal do; write "
			     "'%s'",
			     len > 1 ? name + 1 : "name");
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (is_name_char(name[i]))
			continue;
		if (name[i] == '@')
			config_error(run, node, NULL,
				     "bad name: no unit address here; write '%.*s'", (int)i, name);
		else
			config_error(run, node, NULL,
				     "bad name: '%c'; use letters, digits, '_' and '-' only",
				     name[i]);
		return false;
	}
	if (len >= CONFIG_NAME_MAX) {
		config_error(run, node, NULL, "name of %zu bytes is too long; use at most %u", len,
			     CONFIG_NAME_MAX - 1);
		return false;
	}
	return true;
}

/* Sets the name's bit; true if it was clear, so that no node before had this parent and name. */
static bool is_new_name(struct config_run *run, fdt_node_t parent, const char *name)
{
	u32 hash = parent, *word;
	bool is_new;

	for (; *name != '\0'; name++)
		hash = (hash ^ (u8)*name) * 16777619u; /* FNV-1a */
	hash = (hash ^ hash >> 16) % NAME_BITS;
	word = &run->names[hash / 32];
	is_new = (*word & (1u << hash % 32)) == 0;
	*word |= 1u << hash % 32;
	return is_new;
}

static bool is_first_of_name(struct config_run *run, fdt_node_t parent, fdt_node_t node)
{
	const struct fdt *tree = run->tree;

	if (is_new_name(run, parent, fdt_name(tree, node)))
		return true;
	fdt_for_each_child (tree, parent, other) {
		if (other == node)
			return true;
		if (str_equal(fdt_name(tree, other), fdt_name(tree, node)))
			return false;
	}
	return true;
}

/* "guests@0" would be found by the name of "guests", but no table would hold it. */
static bool is_ours_with_address(const struct schema *parent, const char *name)
{
	for (u32 i = 0; i < parent->num_children; i++) {
		const char *ours = parent->children[i].name;

		if (ours != NULL && str_has_prefix(name, ours) && name[strlen(ours)] == '@')
			return true;
	}
	return false;
}

/* Which table a child goes by; SCHEMA_SKIP after a report, or for hardware. */
static enum schema_id classify(struct config_run *run, fdt_node_t parent_node,
			       enum schema_id parent_id, fdt_node_t node)
{
	const struct schema *parent = &schemas[parent_id];
	const char *name = fdt_name(run->tree, node);

	for (u32 i = 0; i < parent->num_children; i++) {
		if (!child_matches(parent->children[i].name, name))
			continue;
		if (!check_name(run, node))
			return SCHEMA_SKIP;
		if (!is_first_of_name(run, parent_node, node)) {
			config_error(run, node, NULL,
				     "a node of this name is there already; rename one");
			return SCHEMA_SKIP;
		}
		return (enum schema_id)parent->children[i].schema;
	}
	if (parent_id != SCHEMA_ROOT || !is_hardware(run->tree, node) ||
	    is_ours_with_address(parent, name))
		report_unknown_child(run, node, parent);
	return SCHEMA_SKIP;
}

static void check_required_children(struct config_run *run, fdt_node_t node,
				    const struct schema *schema)
{
	for (u32 i = 0; i < schema->num_children; i++) {
		const struct schema_child *child = &schema->children[i];

		if (!child->required)
			continue;
		if (child->name == NULL && config_children(run, node).node == FDT_NONE)
			config_error(run, node, NULL, "is empty: it needs at least %s",
				     schemas[child->schema].what);
		else if (child->name != NULL && config_child(run, node, child->name) == FDT_NONE)
			config_error(run, node, NULL, "has no node '%s'; write %s { ... };",
				     child->name, child->name);
	}
}

void schema_check(struct config_run *run)
{
	struct {
		u8 schema;
		u32 children;
		fdt_node_t node;
	} levels[FDT_MAX_DEPTH + 1] = { 0 };
	u32 depth = 0;

	for (fdt_node_t node = fdt_root(run->tree); node != FDT_NONE;
	     node = fdt_next(run->tree, node, &depth)) {
		enum schema_id id = SCHEMA_ROOT;

		if (depth > 0) {
			id = (enum schema_id)levels[depth - 1].schema;
			if (id != SCHEMA_SKIP &&
			    ++levels[depth - 1].children > schemas[id].max_children) {
				if (levels[depth - 1].children == schemas[id].max_children + 1)
					config_error(run, levels[depth - 1].node, NULL,
						     "more than %u nodes inside",
						     schemas[id].max_children);
				id = SCHEMA_SKIP;
			}
			if (id != SCHEMA_SKIP)
				id = classify(run, levels[depth - 1].node, id, node);
		}
		levels[depth].schema = (u8)id;
		levels[depth].children = 0;
		levels[depth].node = node;
		if (id == SCHEMA_SKIP)
			continue;
		check_props(run, node, id);
		if (id != SCHEMA_TEMPLATE && !config_lacks_template(run, node))
			check_required_children(run, node, &schemas[id]);
	}
}

/* The getters give back only what the walk above has let pass. */
bool config_u64(const struct config_run *run, fdt_node_t node, const char *name, u64 *value)
{
	struct fdt_prop prop;

	if (!config_get(run, node, name, &prop) || !is_number(&prop, 8))
		return false;
	*value = config_cell(&prop, 0);
	if (prop.len == 8)
		*value = *value << 32 | config_cell(&prop, 1);
	return true;
}

bool config_u32(const struct config_run *run, fdt_node_t node, const char *name, u32 *value)
{
	struct fdt_prop prop;

	if (!config_get(run, node, name, &prop) || !is_number(&prop, 4))
		return false;
	*value = config_cell(&prop, 0);
	return true;
}

const char *config_string(const struct config_run *run, fdt_node_t node, const char *name)
{
	struct fdt_prop prop;

	return config_get(run, node, name, &prop) && is_strings(&prop, 1, true)
		       ? (const char *)prop.data
		       : NULL;
}

const char *config_string_at(const struct config_run *run, fdt_node_t node, const char *name,
			     u32 index)
{
	struct fdt_prop prop;
	u32 at = 0;

	if (!config_get(run, node, name, &prop) || !is_strings(&prop, UINT32_MAX, false))
		return NULL;
	for (u32 i = 0; i < index && at < prop.len; i++)
		at += (u32)strlen((const char *)prop.data + at) + 1;
	return at < prop.len ? (const char *)prop.data + at : NULL;
}
